package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// fhirJSON is the media type of FHIR in JSON.
const fhirJSON = "application/fhir+json"

// Stored names a record that a gateway acknowledged.
type Stored struct {
	Type    string
	ID      string
	Version string
}

// Create stores one resource.
func (c *Client) Create(ctx context.Context, resourceType string, resource []byte) (Stored, error) {
	answer, err := c.call(ctx, "create "+resourceType, http.MethodPost, "/fhir/"+resourceType, fhirJSON, resource, nil)
	if err != nil {
		return Stored{}, err
	}
	if answer.Status != http.StatusCreated {
		return Stored{}, fmt.Errorf("create %s: answered %d, not 201", resourceType, answer.Status)
	}
	return ParseLocation(answer.Header.Get("Location"))
}

// Bundle stores a transaction or batch bundle and tells what became of each entry, in order. Of an entry that was not
// stored, Type is empty.
func (c *Client) Bundle(ctx context.Context, bundle []byte) ([]Stored, error) {
	var response struct {
		Entry []struct {
			Response struct {
				Status   string `json:"status"`
				Location string `json:"location"`
			} `json:"response"`
		} `json:"entry"`
	}
	_, err := c.call(ctx, "bundle", http.MethodPost, "/fhir", fhirJSON, bundle, &response)
	if err != nil {
		return nil, err
	}
	stored := make([]Stored, len(response.Entry))
	for i, e := range response.Entry {
		if !strings.HasPrefix(e.Response.Status, "2") || e.Response.Location == "" {
			continue
		}
		stored[i], err = ParseLocation(e.Response.Location)
		if err != nil {
			return nil, fmt.Errorf("bundle: entry %d: %w", i, err)
		}
	}
	return stored, nil
}

// Read returns the current version of a record, its bytes as stored.
func (c *Client) Read(ctx context.Context, resourceType, id string) ([]byte, error) {
	answer, err := c.call(ctx, "read "+resourceType, http.MethodGet, "/fhir/"+resourceType+"/"+id, "", nil, nil)
	return answer.Body, err
}

// ReadVersion returns one version of a record.
func (c *Client) ReadVersion(ctx context.Context, s Stored) ([]byte, error) {
	answer, err := c.call(
		ctx, "vread "+s.Type, http.MethodGet, "/fhir/"+s.Type+"/"+s.ID+"/_history/"+s.Version, "", nil, nil,
	)
	return answer.Body, err
}

// Evidence returns the evidence file of a record; *Refused with code NOT_WITNESSED while its log entry is not
// published.
func (c *Client) Evidence(ctx context.Context, resourceType, id string) ([]byte, error) {
	answer, err := c.call(
		ctx, "evidence", http.MethodGet, "/api/v1/records/"+resourceType+"/"+id+"/evidence", "", nil, nil,
	)
	return answer.Body, err
}

// ParseLocation reads type, id and version out of "…/<Type>/<id>/_history/<version>".
func ParseLocation(location string) (Stored, error) {
	parts := strings.Split(strings.Trim(location, "/"), "/")
	n := len(parts)
	if n >= 4 && parts[n-2] == "_history" {
		return Stored{Type: parts[n-4], ID: parts[n-3], Version: parts[n-1]}, nil
	}
	return Stored{}, fmt.Errorf("location is not <type>/<id>/_history/<version>")
}

// Resource is the part of a FHIR resource that the programs here look at.
type Resource struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Meta         struct {
		VersionID   string `json:"versionId"`
		LastUpdated string `json:"lastUpdated"`
	} `json:"meta"`
}

// ParseResource reads that part.
func ParseResource(data []byte) (Resource, error) {
	var r Resource
	if err := json.Unmarshal(data, &r); err != nil {
		return Resource{}, fmt.Errorf("decode resource: %w", err)
	}
	return r, nil
}
