package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// maxPage bounds one page of records or access entries.
const maxPage = 5000

// Read returns one version of a record (number 0: the current one) and logs the access. It is fault.Gone where that
// version is a deletion or the patient's data was erased, fault.NotFound where there is none, and fault.Forbidden when
// the record is not of the patient and kind that the decision is about.
func (r *Keeper) Read(
	ctx context.Context, a exchange.Access, ref exchange.RecordRef, number int,
) (exchange.Version, error) {
	if ref.Org != r.Org || number < 0 {
		return exchange.Version{}, errNoRecord()
	}
	versions, err := r.readLogged(ctx, a, r.selection(a, Selection{Ref: &ref, Number: number}))
	if err != nil {
		return exchange.Version{}, fmt.Errorf("read record: %w", err)
	}
	return versions[0], nil
}

// List returns a page of the current versions of the decided patient and kinds, newest first, and logs the access.
func (r *Keeper) List(ctx context.Context, a exchange.Access, page exchange.Page) ([]exchange.Version, error) {
	if page.Limit <= 0 || page.Limit > maxPage {
		page.Limit = maxPage
	}
	kinds := a.Decision.Query.Kinds
	if a.Decision.Query.Patient == "" {
		kinds = []consortium.Kind{consortium.Directory}
	}
	versions, err := r.readLogged(ctx, a, r.selection(a, Selection{Kinds: kinds, Page: page}))
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	return versions, nil
}

// ListAll returns up to limit of the current versions of the decided patient and kinds, newest first, and logs the
// access.
func (r *Keeper) ListAll(ctx context.Context, a exchange.Access, limit int) ([]exchange.Version, error) {
	return r.List(ctx, a, exchange.Page{Limit: limit})
}

// LogAccess logs a decision that reads nothing here: a refusal, a question to another member, or an answer that tells
// no more than what there is. It is ErrConsentEnded where the access names a consent that is no longer granted.
func (r *Keeper) LogAccess(ctx context.Context, a exchange.Access) error {
	patient := a.Decision.Query.Patient
	if patient == "" {
		return nil // directory data is about nobody: there is no chain that it could stand in
	}
	cipher, err := r.Keys.DataKey(ctx, patient)
	if err != nil {
		return fmt.Errorf("log access: %w", err)
	}
	var still *Selection // of nothing: only the consent must still be granted in the transaction that logs
	if a.Consent != "" {
		still = r.selection(a, Selection{})
	}
	_, err = r.Accesses.ReadLogged(
		ctx,
		r.Org,
		patient,
		still,
		func(head AccessHead, _ []SealedVersion) (SealedAccess, error) {
			return r.sealAccess(cipher, head, a)
		},
	)
	if err != nil {
		return fmt.Errorf("log access: %w", err)
	}
	return nil
}

// selection adds what must still be true in the transaction that reads.
func (r *Keeper) selection(a exchange.Access, sel Selection) *Selection {
	sel.Consent, sel.At = a.Consent, r.Now()
	return &sel
}

// readLogged reads under an allowing decision about this organisation's records. The store commits first; content is
// opened after.
func (r *Keeper) readLogged(ctx context.Context, a exchange.Access, sel *Selection) ([]exchange.Version, error) {
	q := a.Decision.Query
	if !a.Decision.Allow || q.Custodian != r.Org ||
		(q.Action != consortium.ActionRead && q.Action != consortium.ActionRelease) {
		return nil, mismatch()
	}
	cipher, err := r.Keys.DataKey(ctx, q.Patient)
	if err != nil {
		return nil, err
	}
	sealed, err := r.Accesses.ReadLogged(
		ctx,
		r.Org,
		q.Patient,
		sel,
		func(head AccessHead, got []SealedVersion) (SealedAccess, error) {
			if err := checkRead(a, sel, got); err != nil || q.Patient == "" {
				return SealedAccess{}, err
			}
			return r.sealAccess(cipher, head, a)
		},
	)
	if err != nil {
		return nil, err
	}
	versions := make([]exchange.Version, len(sealed))
	for i, s := range sealed {
		if s.Omitted {
			versions[i] = r.omitted(s)
			continue
		}
		if versions[i], err = r.open(cipher, s); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// checkRead holds what was fetched against the decision: an allowed question about one record must never show another.
func checkRead(a exchange.Access, sel *Selection, got []SealedVersion) error {
	if sel.Ref != nil && len(got) == 0 {
		return errNoRecord()
	}
	q := a.Decision.Query
	for _, s := range got {
		// Directory data is about no patient, and the kind of a query about it may be left out.
		directory := q.Patient == "" && s.Kind == consortium.Directory
		if s.Patient != q.Patient || (!directory && !slices.Contains(q.Kinds, s.Kind)) {
			return mismatch()
		}
		if s.Deleted {
			return errDeleted()
		}
	}
	return nil
}

func mismatch() error {
	return fault.New(fault.Forbidden, CodeDecisionMismatch, "What was decided does not cover this record.")
}

// omitted is a version whose content is left out of a list.
func (r *Keeper) omitted(s SealedVersion) exchange.Version {
	return exchange.Version{
		Ref: exchange.RecordRef{Org: r.Org, Type: s.Type, ID: s.ID}, Number: s.Number, Patient: s.Patient, Kind: s.Kind,
		Recorded: s.Recorded, Omitted: true,
	}
}

func (r *Keeper) open(cipher logbook.Cipher, s SealedVersion) (exchange.Version, error) {
	plain, err := cipher.Open(recordAAD(r.Org, s), s.Sealed)
	if err == nil && len(plain) < 32 {
		err = errors.New("sealed record is too short")
	}
	if err != nil {
		return exchange.Version{}, fault.Wrap(
			err, fault.Internal, CodeRecordIntegrity,
			"This record was changed in the database outside this system, so it is not shown. "+
				"The change is provable from the log. Please tell your administrator.",
		)
	}
	return exchange.Version{
		Ref: exchange.RecordRef{Org: r.Org, Type: s.Type, ID: s.ID}, Number: s.Number, Patient: s.Patient, Kind: s.Kind,
		Recorded: s.Recorded.UTC(), Deleted: s.Deleted, Content: plain[32:], Salt: [32]byte(plain[:32]), Entry: s.Entry.ID,
	}, nil
}

func (r *Keeper) sealAccess(cipher logbook.Cipher, head AccessHead, a exchange.Access) (SealedAccess, error) {
	seq := head.Seq + 1
	now := r.Now().UTC().Truncate(time.Microsecond) // as precise as the database is
	entry, opening, err := r.Book.New(tlog.KindAccess, now, accessStatement{
		V: 1, Org: r.Org, Seq: seq, Prev: head.Commitment, Decision: a.Decision, Request: a.Request,
	})
	if err != nil {
		return SealedAccess{}, err
	}
	s := SealedAccess{Seq: seq, Commitment: encodeHash(opening.Commitment(tlog.KindAccess)), Time: now, Entry: entry}
	s.Sealed, err = opening.Seal(cipher, accessAAD(r.Org, a.Decision.Query.Patient, s))
	return s, err
}

// AccessHistory returns who asked for a patient's records here, newest first: entries with Seq below before (0: from
// the newest). It verifies what it shows: each entry against its commitment, and the chain without a gap down from its
// head, so that a line that was removed or changed in the database gives fault.Internal with the code ACCESS_LOG_BROKEN
// instead of a shorter list.
func (r *Keeper) AccessHistory(
	ctx context.Context, patient consortium.PatientRef, before int64, limit int,
) ([]exchange.AccessEntry, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	// One more than asked for, since an entry's link is checked against the one before it.
	head, sealed, err := r.Accesses.AccessEntries(ctx, r.Org, patient, before, limit+1)
	if err != nil {
		return nil, fmt.Errorf("read access history: %w", err)
	}
	if head.Seq == 0 && len(sealed) == 0 {
		return nil, nil
	}
	cipher, err := r.Keys.DataKey(ctx, patient)
	if err != nil {
		return nil, fmt.Errorf("read access history: %w", err)
	}
	entries := make([]exchange.AccessEntry, len(sealed))
	for i, s := range sealed {
		if entries[i], err = r.openAccess(cipher, patient, s); err != nil {
			return nil, broken(err)
		}
	}
	if err := checkChain(head, before, limit+1, entries); err != nil {
		return nil, broken(err)
	}
	return entries[:min(limit, len(entries))], nil
}

func broken(err error) error {
	return fault.Wrap(
		err, fault.Internal, CodeAccessHistoryBroken,
		"The access history was changed in the database outside this system, so it is not shown. "+
			"The change is provable from the log. Please tell your administrator.",
	)
}

func (r *Keeper) openAccess(
	cipher logbook.Cipher, patient consortium.PatientRef, s SealedAccess,
) (exchange.AccessEntry, error) {
	opening, err := logbook.Open(cipher, accessAAD(r.Org, patient, s), s.Sealed)
	if err != nil {
		return exchange.AccessEntry{}, fmt.Errorf("entry %d: %w", s.Seq, err)
	}
	if encodeHash(opening.Commitment(tlog.KindAccess)) != s.Commitment {
		return exchange.AccessEntry{}, fmt.Errorf("entry %d does not open its commitment", s.Seq)
	}
	var st accessStatement
	if err := json.Unmarshal(opening.Statement, &st); err != nil {
		return exchange.AccessEntry{}, fmt.Errorf("decode entry %d: %w", s.Seq, err)
	}
	if st.Seq != s.Seq || st.Org != r.Org || st.Decision.Query.Patient != patient {
		return exchange.AccessEntry{}, fmt.Errorf("entry %d stands in another's place", s.Seq)
	}
	return exchange.AccessEntry{
		Seq: s.Seq, Prev: st.Prev, Commitment: s.Commitment, Decision: st.Decision, Request: st.Request,
		Entry: s.Entry.ID, Salt: opening.Salt, Time: s.Time.UTC(),
	}, nil
}

// checkChain wants entries, newest first, without a gap: from the head (or from just below before) down, and to the
// first entry unless there are as many as were asked for.
func checkChain(head AccessHead, before int64, asked int, entries []exchange.AccessEntry) error {
	want := head.Seq
	if before > 0 {
		want = min(head.Seq, before-1)
	}
	if int64(len(entries)) != min(want, int64(asked)) {
		return fmt.Errorf("%d entries where the chain has %d", len(entries), min(want, int64(asked)))
	}
	for i, e := range entries {
		if e.Seq != want-int64(i) {
			return fmt.Errorf("entry %d is missing", want-int64(i))
		}
		if e.Seq == head.Seq && e.Commitment != head.Commitment {
			return fmt.Errorf("entry %d is not the head", e.Seq)
		}
		if e.Seq == 1 && e.Prev != "" {
			return errors.New("entry 1 names one before it")
		}
		if i+1 < len(entries) && e.Prev != entries[i+1].Commitment {
			return fmt.Errorf("entry %d does not follow entry %d", e.Seq, e.Seq-1)
		}
	}
	return nil
}

// accessStatement is what the log entry of a decided access commits to.
type accessStatement struct {
	V   int              `json:"v"`
	Org consortium.OrgID `json:"org"`
	Seq int64            `json:"seq"`
	// base64 commitment of this patient's previous access entry at this organisation
	Prev     string              `json:"prev"`
	Decision consortium.Decision `json:"decision"`
	Request  string              `json:"request,omitempty"`
}
