// Package intake is the one way in for records: validate, find out whose they are, decide, store. What is stored under
// a patient is what the bytes say. It keeps nothing itself (exchange/records does, behind the Shelf port) and decides
// nothing about permission.
package intake

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/identity"
)

// PatientIndex derives the references under which the consortium knows patients.
type PatientIndex interface {
	Ref(system, value string) consortium.PatientRef
	// Local is for a patient without a national identifier: it is matched within this organisation only.
	Local(id string) consortium.PatientRef
}

// Shelf is what Intake needs of what is kept.
type Shelf interface {
	CurrentVersions(ctx context.Context, refs []exchange.RecordRef) (map[exchange.RecordRef]exchange.Current, error)
	// Find returns the ids of current records of a type that carry all tokens.
	Find(ctx context.Context, typ string, tokens []exchange.Token) ([]string, error)
	// Carries opens the current version of a record and says whether it has, as one still in use, an identifier that is
	// the one meant. It compares and shows nobody anything.
	Carries(ctx context.Context, ref exchange.RecordRef, is func(fhir.Identifier) bool) (bool, error)
	// Store keeps all or none; fault.Conflict when a version is not the next one of its record.
	Store(ctx context.Context, puts []exchange.Put) ([]exchange.Version, error)
}

// AccessLogger logs a decided access that reads nothing.
type AccessLogger interface {
	LogAccess(ctx context.Context, a exchange.Access) error
}

// Intake is the one door through which records come in: validate, find out whose they are, decide, store.
type Intake struct {
	Org      consortium.OrgID
	Base     string // this gateway's FHIR address with a slash at the end: absolute references below it are ours
	Matching identity.Matching
	Index    PatientIndex
	Shelf    Shelf
	Decider  exchange.Decider
	Access   AccessLogger
	Now      func() time.Time
	NewID    func() string // a fresh FHIR id: a random UUID outside tests
}

// Caller is who sends records, and why.
type Caller struct {
	Actor   consortium.Actor
	Purpose consortium.Purpose
}

// Taken is what became of one resource.
type Taken struct {
	Ref      exchange.RecordRef
	Number   int
	Recorded time.Time
	Created  bool        // it did not exist before
	Matched  bool        // a conditional create found it and stored nothing; Recorded is zero then
	Content  []byte      // as stored; nil when Matched
	Remarks  fhir.Issues // warnings
	Err      error       // in a batch: why this entry was refused
}

// Create stores a new resource under an id of our own. With ifNoneExist (identifier=system|value) it stores only when
// no resource of the type carries the identifier; of two such requests at the same moment one stores and the other
// finds it.
func (in *Intake) Create(
	ctx context.Context, caller Caller, typ string, body []byte, ifNoneExist string,
) (Taken, error) {
	if err := in.admit(ctx, caller); err != nil {
		return Taken{}, err
	}
	r, err := decodeAs(typ, body)
	if err != nil {
		return Taken{}, err
	}
	return in.one(ctx, caller, &draft{resource: r.resource, remarks: r.remarks, place: typ, ifNoneExist: ifNoneExist})
}

// Conditions are what an update depends on, as HTTP headers have them.
type Conditions struct {
	Match     string // W/"3": only when that is the current version
	NoneMatch string // *: only when there is none yet
}

// Update stores a further version of a resource, or the first one under the sender's id.
func (in *Intake) Update(
	ctx context.Context, caller Caller, typ, id string, body []byte, only Conditions,
) (Taken, error) {
	if err := in.admit(ctx, caller); err != nil {
		return Taken{}, err
	}
	r, err := decodeAs(typ, body)
	if err != nil {
		return Taken{}, err
	}
	return in.one(
		ctx, caller, &draft{resource: r.resource, remarks: r.remarks, place: typ, update: true, id: id, only: only},
	)
}

type decoded struct {
	resource *fhir.Resource
	remarks  fhir.Issues
}

func decodeAs(typ string, body []byte) (decoded, error) {
	r, issues := fhir.Decode(body)
	if r == nil || issues.Failed() {
		return decoded{}, reject(issues)
	}
	if r.Type != typ {
		return decoded{}, refuse(r.Type, CodeTypeMismatch, "The resource is of another type than the address says.")
	}
	return decoded{r, issues}, nil
}

func (in *Intake) one(ctx context.Context, caller Caller, d *draft) (Taken, error) {
	taken, err := in.keep(ctx, caller, []*draft{d}, nil)
	if err != nil {
		return Taken{}, err
	}
	return taken[0], nil
}

// attempts is how often a write that lost a race is planned anew.
const attempts = 4

// keep plans and stores drafts, all or none. It plans again when another writer was faster.
func (in *Intake) keep(ctx context.Context, caller Caller, drafts []*draft, urls map[string]*draft) ([]Taken, error) {
	for _, d := range drafts {
		in.remark(d)
	}
	for try := 1; ; try++ {
		taken, raced, err := in.attempt(ctx, caller, drafts, urls)
		if err == nil || !raced || try == attempts {
			return taken, err
		}
	}
}

// attempt is one pass of keep; raced tells that the store saw another version than the plan.
func (in *Intake) attempt(
	ctx context.Context, caller Caller, drafts []*draft, urls map[string]*draft,
) (taken []Taken, raced bool, err error) {
	p := plan{in: in, drafts: drafts, urls: urls}
	if err := p.make(ctx); err != nil {
		return nil, false, err
	}
	if err := in.authorize(ctx, caller, drafts); err != nil {
		return nil, false, err
	}
	now := in.Now().UTC().Truncate(time.Millisecond) // as meta.lastUpdated is written
	puts := make([]exchange.Put, 0, len(drafts))
	taken = make([]Taken, len(drafts))
	for i, d := range drafts {
		taken[i] = Taken{
			Ref:     d.ref(in.Org),
			Number:  d.version,
			Created: d.version == 1,
			Matched: d.matched,
			Remarks: d.remarks,
		}
		if d.matched {
			taken[i].Created = false
			continue
		}
		put := p.put(d, now)
		if err := p.verify(d, put); err != nil {
			return nil, false, err
		}
		taken[i].Content, taken[i].Recorded = put.Content, now
		puts = append(puts, put)
	}
	if _, err := in.Shelf.Store(ctx, puts); err != nil {
		return nil, fault.Is(err, fault.Conflict), fmt.Errorf("store %d records: %w", len(puts), err)
	}
	return taken, false, nil
}

// admit refuses callers who may store nothing at all before anything is looked up for them: what is wrong with a
// resource, and whether a patient is known here, is told only to those who may store. No patient is known yet, so the
// refusal stands in no patient's access history.
func (in *Intake) admit(ctx context.Context, caller Caller) error {
	d, err := in.decide(ctx, caller, "", []consortium.Kind{consortium.Directory})
	if err != nil {
		return err
	}
	if !d.Allow {
		return exchange.NewRefused(d)
	}
	return nil
}

// authorize asks the policy once for each patient, with all kinds that are to be stored. Directory data is admitted
// already.
func (in *Intake) authorize(ctx context.Context, caller Caller, drafts []*draft) error {
	kinds := map[consortium.PatientRef][]consortium.Kind{}
	var order []consortium.PatientRef
	for _, d := range drafts {
		if d.patient == "" {
			continue
		}
		if _, known := kinds[d.patient]; !known {
			order = append(order, d.patient)
		}
		kinds[d.patient] = append(kinds[d.patient], d.kind)
	}
	for _, patient := range order {
		list := kinds[patient]
		slices.Sort(list)
		decision, err := in.decide(ctx, caller, patient, slices.Compact(list))
		if err != nil {
			return err
		}
		if decision.Allow {
			continue
		}
		if err := in.Access.LogAccess(ctx, exchange.Access{Decision: decision}); err != nil {
			return fmt.Errorf("log refusal: %w", err)
		}
		return exchange.NewRefused(decision)
	}
	return nil
}

func (in *Intake) decide(
	ctx context.Context, caller Caller, patient consortium.PatientRef, kinds []consortium.Kind,
) (consortium.Decision, error) {
	d, err := in.Decider.Decide(ctx, consortium.Query{
		Actor: caller.Actor, Purpose: caller.Purpose, Action: consortium.ActionStore, Custodian: in.Org,
		Patient: patient, Kinds: kinds, Time: in.Now().UTC(),
	})
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("decide store: %w", err)
	}
	return d, nil
}

// Identify finds the patient whom a national identifier names, whether or not anything is held on them. It is
// fault.Invalid when the identifier names nobody; identity.Matching.Person has the codes.
func (in *Intake) Identify(system, value string) (consortium.PatientRef, error) {
	id, err := in.Matching.Person(system, value)
	if err != nil {
		return "", err
	}
	return in.Index.Ref(id.System, id.Value), nil
}

// MatchVersion reads the version of an If-Match header, W/"3". Zero means none was given.
func MatchVersion(etag string) (int, error) {
	if etag == "" {
		return 0, nil
	}
	text, weak := strings.CutPrefix(etag, `W/"`)
	text, closed := strings.CutSuffix(text, `"`)
	if weak && closed {
		if n, err := strconv.Atoi(text); err == nil && n > 0 && text[0] != '+' {
			return n, nil
		}
	}
	return 0, fault.New(
		fault.Malformed,
		CodeIfMatch,
		`If-Match must be a version as the ETag shows it, for example W/"3".`,
	)
}
