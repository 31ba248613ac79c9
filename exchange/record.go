// Package exchange is the domain of records: who holds what, keeping them, showing them, and handing them to other
// members. It decides nothing about permission (that is the consent domain, behind the Decider port) and knows no
// database, ledger or transport.
package exchange

import (
	"context"
	"time"

	"yilian.example/exchange/consortium"
)

// RecordRef names one FHIR resource at one organisation.
type RecordRef struct {
	Org  consortium.OrgID `json:"org"`
	Type string           `json:"type"` // FHIR resource type
	ID   string           `json:"id"`   // FHIR logical id
}

// Version is one version of a record as it is kept. It is never changed; a deletion is a further version.
type Version struct {
	Ref      RecordRef
	Number   int                   // 1, 2, 3 …; FHIR's meta.versionId
	Patient  consortium.PatientRef // empty for directory data
	Kind     consortium.Kind
	Recorded time.Time // FHIR's meta.lastUpdated
	Deleted  bool
	// the FHIR JSON as received, but for id, meta and the references that a transaction resolves; empty when deleted
	Content []byte
	Salt    [32]byte // opens the commitment
	Entry   string   // id (UUID) of its log entry
	// Omitted says that Content is left out of a list: more of it would not have fitted. Read the record by itself.
	Omitted bool
}

// Put is one record to be kept, new or as a further version.
type Put struct {
	Type     string
	ID       string // assigned by the caller before it is stored, since it stands in Content
	Patient  consortium.PatientRef
	Kind     consortium.Kind
	Content  []byte // final bytes, id and meta included
	Version  int    // the number that stands in Content's meta; the store refuses it unless it is the current one plus one
	Recorded time.Time
	Deleted  bool
	// Tokens are what the record can be found by. The store blinds their values (HMAC under the organisation's key).
	Tokens []Token
	// Unless, where it is set, is what no current record of the type may carry: the condition of a conditional create. The
	// store checks it in the transaction that keeps the record, so that of two such creates at once only one is kept; the
	// other is fault.Conflict.
	Unless *Token
	// Care is set for an Encounter: the window in which the patient was in this organisation's care.
	Care *CareWindow
}

// Token is one search value: FHIR search parameter, system and value.
type Token struct{ Param, System, Value string }

// CareWindow is the time of an encounter; End is zero while it lasts.
type CareWindow struct{ Start, End time.Time }

// Holding says that an organisation holds records of a kind on a patient.
type Holding struct {
	Org    consortium.OrgID
	Kind   consortium.Kind
	Count  int
	Latest time.Time
	// Unreached says that the member could not be asked: what it holds is not known.
	Unreached bool
}

// Current is where a record stands now.
type Current struct {
	Number  int
	Patient consortium.PatientRef
	Kind    consortium.Kind
	Deleted bool
}

// Page is a part of a patient's records, newest first.
type Page struct {
	Type  string   // only this FHIR type; empty: all
	IDs   []string // only these ids; nil: all
	After *Cursor  // what follows this one; nil: from the newest
	Skip  int      // of a patient's records: how many come before this page
	// Each, of a patient's records, is how many of a kind are on the page at most. Kinds that it does not name are never
	// cut for the others: they come first, and so does their content where not all has room.
	Each  map[consortium.Kind]int
	Limit int // at most maxPage; 0: maxPage
}

// Choose returns what is on the page of a patient's records, which are given newest first.
func Choose[T any](p Page, newestFirst []T, kind func(T) consortium.Kind) []T {
	out := newestFirst
	if p.Each != nil {
		var whole, cut []T
		of := map[consortium.Kind]int{}
		for _, one := range newestFirst {
			k := kind(one)
			limit, limited := p.Each[k]
			of[k]++
			switch {
			case !limited:
				whole = append(whole, one)
			case of[k] <= limit:
				cut = append(cut, one)
			}
		}
		out = append(whole, cut...)
	}
	out = out[min(max(p.Skip, 0), len(out)):]
	return out[:min(len(out), p.Limit)]
}

// Listing is some of a patient's records, and how many there are of each kind that was asked for: what is shown of a
// person never passes for all there is.
type Listing struct {
	Versions []Version
	Totals   map[consortium.Kind]int
}

// Cursor is the place of a record in the order newest first: time recorded, then type and id.
type Cursor struct {
	Recorded time.Time
	Type     string
	ID       string
}

// CursorOf is the place of v.
func CursorOf(v Version) Cursor {
	return Cursor{Recorded: v.Recorded, Type: v.Ref.Type, ID: v.Ref.ID}
}

// Access is a decided access that is to be logged with the read that it allows, or alone when it was refused.
type Access struct {
	Decision consortium.Decision
	Request  string // id of a release request, where there is one
	// Consent, where it is set, must hold in the transaction that reads: what was decided before may not be so any more.
	Consent string
}

// AccessEntry is one line of a patient's access history: who asked, for what, and what was decided. Seq runs 1, 2, 3 …
// per organisation and patient, and Prev is the commitment of the entry before it, so that a missing line shows.
type AccessEntry struct {
	Seq        int64
	Prev       string // base64
	Commitment string // base64
	Decision   consortium.Decision
	Request    string
	Entry      string // id of the log entry
	Salt       [32]byte
	Time       time.Time
}

// Decider answers queries. It returns an error only when it could not decide, which callers treat as a refusal.
type Decider interface {
	Decide(ctx context.Context, q consortium.Query) (consortium.Decision, error)
}
