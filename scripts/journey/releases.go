package journey

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"yilian.example/exchange/consortium"
)

// Found is a patient as one member's clinician finds them.
type Found struct {
	Patient   consortium.PatientRef `json:"patient"`
	Holdings  []Holding             `json:"holdings"`
	Unreached []consortium.OrgID    `json:"unreached"` // members of which it is not known
}

// Holding says that a member holds records of a kind.
type Holding struct {
	Org    consortium.OrgID `json:"org"`
	Kind   consortium.Kind  `json:"kind"`
	Count  int              `json:"count"`
	Latest time.Time        `json:"latest"`
}

// FindPatient finds a patient by national identifier and tells who holds what. The identifier travels in the body,
// never in an address.
func (c *Client) FindPatient(ctx context.Context, system, value string) (Found, error) {
	var out Found
	err := c.json(
		ctx, "find patient", http.MethodPost, "/api/v1/patients/search",
		map[string]string{"system": system, "value": value}, &out,
	)
	return out, err
}

// Ask is what one member asks of another.
type Ask struct {
	Patient   consortium.PatientRef `json:"patient"`
	Custodian consortium.OrgID      `json:"custodian"`
	Purpose   consortium.Purpose    `json:"purpose"`
	Kinds     []consortium.Kind     `json:"kinds"`
}

// Release is an answered request.
type Release struct {
	ID        string              `json:"id"`
	Custodian consortium.OrgID    `json:"custodian"`
	Decision  consortium.Decision `json:"decision"`
	Records   []Record            `json:"records"` // newest first
	More      bool                `json:"more"`    // older ones follow
	Held      int                 `json:"held"`    // where more follow: how many there are in all
	Expires   time.Time           `json:"expires"`
}

// Record is one released record.
type Record struct {
	Type     string          `json:"type"`
	ID       string          `json:"id"`
	Version  int             `json:"version"`
	Kind     consortium.Kind `json:"kind"`
	Recorded time.Time       `json:"recorded"`
	Content  []byte          `json:"content"` // base64 in JSON: not one byte of the record changes on the way
}

// Release asks another member for records. A refusal by policy is *Refused with status 403.
func (c *Client) Release(ctx context.Context, ask Ask) (Release, error) {
	var out Release
	err := c.json(ctx, "release", http.MethodPost, "/api/v1/releases", ask, &out)
	return out, err
}

// MoreRelease asks for the records that follow those of an earlier answer.
func (c *Client) MoreRelease(ctx context.Context, id string) (Release, error) {
	var out Release
	err := c.json(ctx, "more of a release", http.MethodPost, "/api/v1/releases/"+id+"/more", struct{}{}, &out)
	return out, err
}

// WholeRelease asks for records until all have come, and returns the answers in order.
func (c *Client) WholeRelease(ctx context.Context, ask Ask) ([]Release, error) {
	part, err := c.Release(ctx, ask)
	if err != nil {
		return nil, err
	}
	parts := []Release{part}
	for part.More {
		if part, err = c.MoreRelease(ctx, part.ID); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// ReleaseEvidence returns the evidence file of a record that came, built by the receiver.
func (c *Client) ReleaseEvidence(ctx context.Context, release, resourceType, id string) ([]byte, error) {
	answer, err := c.call(
		ctx, "evidence of what was received", http.MethodGet,
		"/api/v1/releases/"+release+"/records/"+resourceType+"/"+id+"/evidence", "", nil, nil,
	)
	return answer.Body, err
}

// ShowRelease shows an earlier answer to the one who asked.
func (c *Client) ShowRelease(ctx context.Context, id string) (Release, error) {
	var out Release
	err := c.json(ctx, "show release", http.MethodGet, "/api/v1/releases/"+id, nil, &out)
	return out, err
}

// AccessEntry is one line of the patient's own access history.
type AccessEntry struct {
	Seq       int64              `json:"seq"`
	Time      time.Time          `json:"time"`
	Actor     string             `json:"actor"`
	Org       consortium.OrgID   `json:"org"`
	Role      consortium.Role    `json:"role"`
	Purpose   consortium.Purpose `json:"purpose"`
	Kinds     []consortium.Kind  `json:"kinds"`
	Allow     bool               `json:"allow"`
	Reasons   []Reason           `json:"reasons"`
	Witnessed bool               `json:"witnessed"`
}

// Access returns the newest lines of the calling patient's access history at this member.
func (c *Client) Access(ctx context.Context, limit int) ([]AccessEntry, error) {
	return c.AccessBefore(ctx, 0, limit)
}

// AccessBefore returns the lines of one's own access history with numbers below before (0: from the newest), newest
// first.
func (c *Client) AccessBefore(ctx context.Context, before int64, limit int) ([]AccessEntry, error) {
	var out struct {
		Entries []AccessEntry `json:"entries"`
	}
	err := c.json(
		ctx, "access history", http.MethodGet, fmt.Sprintf("/api/v1/access?limit=%d&before=%d", limit, before), nil, &out,
	)
	return out.Entries, err
}
