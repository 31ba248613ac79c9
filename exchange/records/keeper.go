// Package records keeps and shows an organisation's records: versions, the chain of accesses, and the one door that
// decides, logs and reads. It takes nothing in (exchange/intake does) and hands nothing to other members
// (exchange/release does).
package records

import (
	"context"
	"fmt"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Keeper keeps and shows this organisation's records. Content is sealed before it reaches the store and opened after
// the store has committed; each version stands in the log from the moment it is kept, and each reading is logged in the
// transaction that reads.
type Keeper struct {
	Org      consortium.OrgID
	Versions VersionStore
	Accesses AccessStore
	Facts    PatientFacts
	Keys     Keys
	Now      func() time.Time
	Book     logbook.Book
}

var _ Kept = (*Keeper)(nil)

// Bounds of one call.
const (
	maxBatch = 5000
	maxFound = 5000
)

// Store keeps a batch of records, all or none, in one transaction, and gives the versions as kept. It is fault.Conflict
// when a version is not the next one of its record: read the record again and repeat.
func (r *Keeper) Store(ctx context.Context, puts []exchange.Put) ([]exchange.Version, error) {
	if len(puts) == 0 {
		return nil, nil
	}
	if len(puts) > maxBatch {
		return nil, fault.New(
			fault.TooLarge, CodeBatchTooLarge,
			fmt.Sprintf("One request may store at most %d records. Send several.", maxBatch),
		)
	}
	seen := make(map[[2]string]bool, len(puts))
	versions := make([]exchange.Version, len(puts))
	sealed := make([]SealedVersion, len(puts))
	for i, p := range puts {
		key := [2]string{p.Type, p.ID}
		if seen[key] {
			return nil, fault.New(fault.Invalid, CodeRecordRepeated, "One request may store a record only once.")
		}
		seen[key] = true
		var err error
		if versions[i], sealed[i], err = r.seal(ctx, p); err != nil {
			return nil, fmt.Errorf("seal record %d of %d: %w", i+1, len(puts), err)
		}
	}
	if err := r.Versions.SaveVersions(ctx, r.Org, sealed); err != nil {
		return nil, fmt.Errorf("save records: %w", err)
	}
	return versions, nil
}

func (r *Keeper) seal(ctx context.Context, p exchange.Put) (exchange.Version, SealedVersion, error) {
	if err := checkPut(p); err != nil {
		return exchange.Version{}, SealedVersion{}, err
	}
	v := exchange.Version{
		Ref: exchange.RecordRef{Org: r.Org, Type: p.Type, ID: p.ID}, Number: p.Version, Patient: p.Patient, Kind: p.Kind,
		Recorded: p.Recorded.UTC().Truncate(time.Microsecond), // as precise as the database is
		Deleted:  p.Deleted, Content: p.Content,
	}
	entry, opening, err := r.Book.Commit(tlog.KindRecord, v.Recorded, exchange.Statement(v))
	if err != nil {
		return exchange.Version{}, SealedVersion{}, err
	}
	v.Salt, v.Entry = opening.Salt, entry.ID
	s := SealedVersion{
		Type: p.Type, ID: p.ID, Number: p.Version, Patient: p.Patient, Kind: p.Kind, Recorded: v.Recorded, Deleted: p.Deleted,
		Entry: entry, Care: careOf(p, v.Recorded),
	}
	if s.Tokens, err = r.blind(ctx, p); err != nil {
		return exchange.Version{}, SealedVersion{}, err
	}
	if p.Unless != nil {
		if s.Unless, err = r.Keys.Blind(ctx, p.Type, p.Unless.Param, p.Unless.System, p.Unless.Value); err != nil {
			return exchange.Version{}, SealedVersion{}, fmt.Errorf("blind condition: %w", err)
		}
	}
	cipher, err := r.Keys.DataKey(ctx, p.Patient)
	if err != nil {
		return exchange.Version{}, SealedVersion{}, err
	}
	plain := make([]byte, 0, len(v.Salt)+len(p.Content))
	plain = append(append(plain, v.Salt[:]...), p.Content...)
	s.Sealed, err = cipher.Seal(recordAAD(r.Org, s), plain)
	return v, s, err
}

func checkPut(p exchange.Put) error {
	switch {
	case p.Type == "" || p.ID == "" || p.Version < 1:
		return fault.New(fault.Invalid, CodeRecordInvalid, "A record needs a type, an id and a version.")
	case p.Kind == consortium.Directory && p.Patient == "":
	case !p.Kind.Valid() || !p.Patient.Valid():
		return fault.New(fault.Invalid, CodeRecordPatient, "The record does not say which patient it is about.")
	}
	if p.Deleted && p.Version == 1 {
		return errNoRecord()
	}
	if p.Deleted != (len(p.Content) == 0) {
		return fault.New(fault.Invalid, CodeRecordContent, "A record has content, and a deletion has none.")
	}
	return nil
}

// careOf returns the window of care of a record. An encounter that does not say when it began began when it was
// recorded.
func careOf(p exchange.Put, recorded time.Time) *exchange.CareWindow {
	if p.Care == nil || p.Deleted || p.Patient == "" {
		return nil
	}
	w := exchange.CareWindow{Start: p.Care.Start.UTC(), End: p.Care.End}
	if w.Start.IsZero() {
		w.Start = recorded
	}
	return &w
}

func (r *Keeper) blind(ctx context.Context, p exchange.Put) ([][]byte, error) {
	if p.Deleted {
		return nil, nil
	}
	out := make([][]byte, 0, len(p.Tokens))
	seen := make(map[exchange.Token]bool, len(p.Tokens))
	for _, t := range p.Tokens {
		if seen[t] {
			continue
		}
		seen[t] = true
		token, err := r.Keys.Blind(ctx, p.Type, t.Param, t.System, t.Value)
		if err != nil {
			return nil, fmt.Errorf("blind search value: %w", err)
		}
		out = append(out, token)
	}
	return out, nil
}

// CurrentVersions tells where records stand; those that do not exist are absent. It shows no content and is not logged.
func (r *Keeper) CurrentVersions(
	ctx context.Context, refs []exchange.RecordRef,
) (map[exchange.RecordRef]exchange.Current, error) {
	if len(refs) == 0 {
		return map[exchange.RecordRef]exchange.Current{}, nil
	}
	return r.Versions.CurrentVersions(ctx, r.Org, refs)
}

// Describe tells of which patient and kind a record is; fault.NotFound where there is none.
func (r *Keeper) Describe(ctx context.Context, ref exchange.RecordRef) (consortium.PatientRef, consortium.Kind, error) {
	current, err := r.CurrentVersions(ctx, []exchange.RecordRef{ref})
	if err != nil {
		return "", "", fmt.Errorf("describe record: %w", err)
	}
	c, ok := current[ref]
	if !ok {
		return "", "", errNoRecord()
	}
	return c.Patient, c.Kind, nil
}

// PatientOf returns the patient whom a record (a FHIR Patient, for example) is about; fault.NotFound where there is no
// such record, fault.Gone where it was deleted.
func (r *Keeper) PatientOf(ctx context.Context, typ, id string) (consortium.PatientRef, error) {
	ref := exchange.RecordRef{Org: r.Org, Type: typ, ID: id}
	current, err := r.CurrentVersions(ctx, []exchange.RecordRef{ref})
	if err != nil {
		return "", fmt.Errorf("look up patient: %w", err)
	}
	c, ok := current[ref]
	if !ok {
		return "", errNoRecord()
	}
	if c.Deleted {
		return "", errDeleted()
	}
	return c.Patient, nil
}

// Find returns the ids of records of a type that carry all tokens, at most maxFound.
func (r *Keeper) Find(ctx context.Context, typ string, tokens []exchange.Token) ([]string, error) {
	if len(tokens) == 0 {
		return nil, fault.New(fault.Invalid, CodeSearchEmpty, "Say what to search for.")
	}
	blinded, err := r.blind(ctx, exchange.Put{Type: typ, Tokens: tokens})
	if err != nil {
		return nil, err
	}
	return r.Versions.FindIDs(ctx, r.Org, typ, blinded, maxFound)
}

// Holdings tells which members hold what kinds on a patient.
func (r *Keeper) Holdings(ctx context.Context, patient consortium.PatientRef) ([]exchange.Holding, error) {
	if !patient.Valid() {
		return nil, nil
	}
	return r.Facts.Holdings(ctx, r.Org, patient)
}

// Care says whether the patient is in this organisation's care at a time: an encounter lasts, or ended no longer than
// window before.
func (r *Keeper) Care(
	ctx context.Context, patient consortium.PatientRef, at time.Time, window time.Duration,
) (bool, error) {
	if !patient.Valid() {
		return false, nil
	}
	return r.Facts.InCare(ctx, r.Org, patient, at, at.Add(-window))
}

func errNoRecord() error {
	return fault.New(fault.NotFound, CodeNotFound, "There is no such record.")
}

func errDeleted() error {
	return fault.New(fault.Gone, CodeRecordDeleted, "This record was deleted.")
}
