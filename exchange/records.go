package exchange

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Records keeps and shows this organisation's records. Content is sealed before it reaches the store and opened after
// the store has committed; each version stands in the log from the moment it is kept, and each reading is logged in the
// transaction that reads.
type Records struct {
	Org      consortium.OrgID
	Versions RecordStore
	Accesses AccessStore
	Facts    PatientFacts
	Keys     Keys
	Now      func() time.Time
	Rand     io.Reader // of salts and entry ids: crypto/rand.Reader outside tests
}

var (
	_ Kept         = (*Records)(nil)
	_ RecordReader = (*Records)(nil)
	_ AccessLogger = (*Records)(nil)
)

// Bounds of one call.
const (
	maxBatch = 5000
	maxFound = 5000
)

// Store keeps a batch of records, all or none, in one transaction, and gives the versions as kept. It is fault.Conflict
// when a version is not the next one of its record: read the record again and repeat.
func (r *Records) Store(ctx context.Context, puts []Put) ([]Version, error) {
	if len(puts) == 0 {
		return nil, nil
	}
	if len(puts) > maxBatch {
		return nil, fault.New(
			fault.TooLarge, "BATCH_TOO_LARGE",
			fmt.Sprintf("One request may store at most %d records. Send several.", maxBatch),
		)
	}
	seen := make(map[[2]string]bool, len(puts))
	versions := make([]Version, len(puts))
	sealed := make([]SealedVersion, len(puts))
	for i, p := range puts {
		key := [2]string{p.Type, p.ID}
		if seen[key] {
			return nil, fault.New(fault.Invalid, "RECORD_REPEATED", "One request may store a record only once.")
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

func (r *Records) seal(ctx context.Context, p Put) (Version, SealedVersion, error) {
	if err := checkPut(p); err != nil {
		return Version{}, SealedVersion{}, err
	}
	v := Version{
		Ref: RecordRef{Org: r.Org, Type: p.Type, ID: p.ID}, Number: p.Version, Patient: p.Patient, Kind: p.Kind,
		Recorded: p.Recorded.UTC().Truncate(time.Microsecond), // as precise as the database is
		Deleted:  p.Deleted, Content: p.Content,
	}
	id, err := r.fresh(&v.Salt)
	if err != nil {
		return Version{}, SealedVersion{}, err
	}
	v.Entry = id
	leaf := tlog.NewLeaf(tlog.KindRecord, v.Recorded, tlog.Commit(tlog.KindRecord, v.Salt, Statement(v)))
	s := SealedVersion{
		Type: p.Type, ID: p.ID, Number: p.Version, Patient: p.Patient, Kind: p.Kind, Recorded: v.Recorded, Deleted: p.Deleted,
		Entry: LogEntry{ID: id, Leaf: leaf}, Care: careOf(p, v.Recorded),
	}
	if s.Tokens, err = r.blind(ctx, p); err != nil {
		return Version{}, SealedVersion{}, err
	}
	if p.Unless != nil {
		if s.Unless, err = r.Keys.Blind(ctx, p.Type, p.Unless.Param, p.Unless.System, p.Unless.Value); err != nil {
			return Version{}, SealedVersion{}, fmt.Errorf("blind condition: %w", err)
		}
	}
	cipher, err := r.Keys.DataKey(ctx, p.Patient)
	if err != nil {
		return Version{}, SealedVersion{}, err
	}
	plain := make([]byte, 0, len(v.Salt)+len(p.Content))
	plain = append(append(plain, v.Salt[:]...), p.Content...)
	s.Sealed, err = cipher.Seal(recordAAD(r.Org, s), plain)
	return v, s, err
}

func checkPut(p Put) error {
	switch {
	case p.Type == "" || p.ID == "" || p.Version < 1:
		return fault.New(fault.Invalid, "RECORD_INVALID", "A record needs a type, an id and a version.")
	case p.Kind == consortium.Directory && p.Patient == "":
	case !p.Kind.Valid() || !p.Patient.Valid():
		return fault.New(fault.Invalid, "RECORD_PATIENT", "The record does not say which patient it is about.")
	}
	if p.Deleted && p.Version == 1 {
		return errNoRecord()
	}
	if p.Deleted != (len(p.Content) == 0) {
		return fault.New(fault.Invalid, "RECORD_CONTENT", "A record has content, and a deletion has none.")
	}
	return nil
}

// careOf gives the window of care of a record. An encounter that does not say when it began began when it was recorded.
func careOf(p Put, recorded time.Time) *CareWindow {
	if p.Care == nil || p.Deleted || p.Patient == "" {
		return nil
	}
	w := CareWindow{Start: p.Care.Start.UTC(), End: p.Care.End}
	if w.Start.IsZero() {
		w.Start = recorded
	}
	return &w
}

func (r *Records) blind(ctx context.Context, p Put) ([][]byte, error) {
	if p.Deleted {
		return nil, nil
	}
	out := make([][]byte, 0, len(p.Tokens))
	seen := make(map[Token]bool, len(p.Tokens))
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

// fresh fills the salt and gives a random id.
func (r *Records) fresh(salt *[32]byte) (string, error) {
	if _, err := io.ReadFull(r.Rand, salt[:]); err != nil {
		return "", fmt.Errorf("draw salt: %w", err)
	}
	id, err := uuid.NewRandomFromReader(r.Rand)
	if err != nil {
		return "", fmt.Errorf("draw entry id: %w", err)
	}
	return id.String(), nil
}

// CurrentVersions tells where records stand; those that do not exist are absent. It shows no content and is not logged.
func (r *Records) CurrentVersions(ctx context.Context, refs []RecordRef) (map[RecordRef]Current, error) {
	if len(refs) == 0 {
		return map[RecordRef]Current{}, nil
	}
	return r.Versions.CurrentVersions(ctx, r.Org, refs)
}

// Describe tells of which patient and kind a record is; fault.NotFound where there is none.
func (r *Records) Describe(ctx context.Context, ref RecordRef) (consortium.PatientRef, consortium.Kind, error) {
	current, err := r.CurrentVersions(ctx, []RecordRef{ref})
	if err != nil {
		return "", "", fmt.Errorf("describe record: %w", err)
	}
	c, ok := current[ref]
	if !ok {
		return "", "", errNoRecord()
	}
	return c.Patient, c.Kind, nil
}

// PatientOf gives the patient whom a record (a FHIR Patient, for example) is about; fault.NotFound where there is no
// such record, fault.Gone where it was deleted.
func (r *Records) PatientOf(ctx context.Context, typ, id string) (consortium.PatientRef, error) {
	ref := RecordRef{Org: r.Org, Type: typ, ID: id}
	current, err := r.CurrentVersions(ctx, []RecordRef{ref})
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

// Find gives the ids of records of a type that carry all tokens, at most maxFound.
func (r *Records) Find(ctx context.Context, typ string, tokens []Token) ([]string, error) {
	if len(tokens) == 0 {
		return nil, fault.New(fault.Invalid, "SEARCH_EMPTY", "Say what to search for.")
	}
	blinded, err := r.blind(ctx, Put{Type: typ, Tokens: tokens})
	if err != nil {
		return nil, err
	}
	return r.Versions.FindIDs(ctx, r.Org, typ, blinded, maxFound)
}

// Holdings tells which members hold what kinds on a patient.
func (r *Records) Holdings(ctx context.Context, patient consortium.PatientRef) ([]Holding, error) {
	if !patient.Valid() {
		return nil, nil
	}
	return r.Facts.Holdings(ctx, patient)
}

// Care says whether the patient is in this organisation's care at a time: an encounter lasts, or ended no longer than
// window before.
func (r *Records) Care(
	ctx context.Context, patient consortium.PatientRef, at time.Time, window time.Duration,
) (bool, error) {
	if !patient.Valid() {
		return false, nil
	}
	return r.Facts.InCare(ctx, r.Org, patient, at, at.Add(-window))
}

func errNoRecord() error {
	return fault.New(fault.NotFound, "NOT_FOUND", "There is no such record.")
}

func errDeleted() error {
	return fault.New(fault.Gone, "RECORD_DELETED", "This record was deleted.")
}
