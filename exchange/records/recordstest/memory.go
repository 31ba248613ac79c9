// Package recordstest is what tests of records need: a store in memory with the rules of the real one, and the suite
// that every store must pass.
package recordstest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
)

// Store keeps the records of several organisations in memory.
type Store struct {
	mu       sync.Mutex // guards all fields
	versions map[exchange.RecordRef][]records.SealedVersion
	chains   map[owner][]records.SealedAccess
	erased   map[owner]bool
	consents map[owner]map[string]period
	entries  map[consortium.OrgID][]logbook.Entry
}

// owner is a patient at an organisation.
type owner struct {
	org     consortium.OrgID
	patient consortium.PatientRef
}

// period is when a consent holds: at from, and not at until any more.
type period struct{ from, until time.Time }

var (
	_ records.VersionStore = (*Store)(nil)
	_ records.AccessStore  = (*Store)(nil)
	_ records.PatientFacts = (*Store)(nil)
)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		versions: map[exchange.RecordRef][]records.SealedVersion{},
		chains:   map[owner][]records.SealedAccess{},
		erased:   map[owner]bool{},
		consents: map[owner]map[string]period{},
		entries:  map[consortium.OrgID][]logbook.Entry{},
	}
}

// Grant makes a consent of the patient hold from one time until another.
func (s *Store) Grant(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, id string, from, until time.Time,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := owner{org, patient}
	if s.consents[at] == nil {
		s.consents[at] = map[string]period{}
	}
	s.consents[at][id] = period{from, until}
	return nil
}

// Withdraw ends a consent.
func (s *Store) Withdraw(_ context.Context, org consortium.OrgID, patient consortium.PatientRef, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.consents[owner{org, patient}], id)
	return nil
}

// Erase destroys the patient's key.
func (s *Store) Erase(_ context.Context, org consortium.OrgID, patient consortium.PatientRef) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erased[owner{org, patient}] = true
	return nil
}

// Logged returns the ids of all log entries of an organisation.
func (s *Store) Logged(_ context.Context, org consortium.OrgID) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(s.entries[org]))
	for i, e := range s.entries[org] {
		ids[i] = e.ID
	}
	return ids, nil
}

// SaveVersions implements records.VersionStore.
func (s *Store) SaveVersions(_ context.Context, org consortium.OrgID, batch []records.SealedVersion) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[exchange.RecordRef]bool{}
	for _, v := range batch {
		ref := exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID}
		if seen[ref] {
			return fault.New(fault.Conflict, CodeVersionConflict, "The record stands in the batch already.")
		}
		seen[ref] = true
		if err := s.checkNext(ref, v); err != nil {
			return err
		}
		if v.Unless != nil && len(s.find(org, v.Type, [][]byte{v.Unless})) > 0 {
			return fault.New(fault.Conflict, CodeRecordExists, "A record with that identifier is there already.")
		}
		if s.erased[owner{org, v.Patient}] {
			return fault.New(fault.Gone, CodeErased, "The data on this patient was erased here.")
		}
	}
	for _, v := range batch {
		ref := exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID}
		s.versions[ref] = append(s.versions[ref], v)
		s.entries[org] = append(s.entries[org], v.Entry)
	}
	return nil
}

// checkNext wants v to be the next version of its record, and of the same patient and kind.
func (s *Store) checkNext(ref exchange.RecordRef, v records.SealedVersion) error {
	was := s.versions[ref]
	if v.Number != len(was)+1 {
		return fault.New(fault.Conflict, CodeVersionConflict, "The record was changed in the meantime.")
	}
	if len(was) > 0 && (was[0].Patient != v.Patient || was[0].Kind != v.Kind) {
		return fault.New(fault.Conflict, CodePatientChanged, "A record cannot be moved to another patient.")
	}
	return nil
}

// CurrentVersions implements records.VersionStore.
func (s *Store) CurrentVersions(
	_ context.Context, org consortium.OrgID, refs []exchange.RecordRef,
) (map[exchange.RecordRef]exchange.Current, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[exchange.RecordRef]exchange.Current{}
	for _, ref := range refs {
		v, ok := s.current(ref)
		if ok && ref.Org == org {
			out[ref] = exchange.Current{Number: v.Number, Patient: v.Patient, Kind: v.Kind, Deleted: v.Deleted}
		}
	}
	return out, nil
}

func (s *Store) current(ref exchange.RecordRef) (records.SealedVersion, bool) {
	list := s.versions[ref]
	if len(list) == 0 {
		return records.SealedVersion{}, false
	}
	return list[len(list)-1], true
}

// Standing implements records.VersionStore.
func (s *Store) Standing(
	_ context.Context, patient consortium.PatientRef, ref exchange.RecordRef,
) (records.SealedVersion, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.fetch(ref.Org, patient, &records.Selection{Ref: &ref})
	if len(list) == 0 {
		return records.SealedVersion{}, false, nil
	}
	return list[0], true, nil
}

// FindIDs implements records.VersionStore.
func (s *Store) FindIDs(
	_ context.Context, org consortium.OrgID, typ string, tokens [][]byte, limit int,
) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.find(org, typ, tokens)
	return ids[:min(len(ids), limit)], nil
}

// find returns the ids of current records that carry all tokens, in order.
func (s *Store) find(org consortium.OrgID, typ string, tokens [][]byte) []string {
	var ids []string
	for ref := range s.versions {
		v, _ := s.current(ref)
		if ref.Org == org && ref.Type == typ && len(tokens) > 0 && carriesAll(v, tokens) {
			ids = append(ids, ref.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func carriesAll(v records.SealedVersion, tokens [][]byte) bool {
	for _, want := range tokens {
		if !slices.ContainsFunc(v.Tokens, func(has []byte) bool { return string(has) == string(want) }) {
			return false
		}
	}
	return true
}

// ReadLogged implements records.AccessStore.
func (s *Store) ReadLogged(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
	next func(records.AccessHead, []records.SealedVersion) (records.SealedAccess, error),
) ([]records.SealedVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := owner{org, patient}
	if sel != nil && sel.Consent != "" && !s.holds(at, sel) {
		return nil, fault.Wrap(exchange.ErrConsentEnded, fault.Conflict, CodeConsentEnded, "The consent ended.")
	}
	versions := s.fetch(org, patient, sel)
	access, err := next(head(s.chains[at]), versions)
	if err != nil {
		return nil, err
	}
	if patient != "" {
		s.entries[org] = append(s.entries[org], access.Entry)
		access.Entry = logbook.Entry{ID: access.Entry.ID}
		s.chains[at] = append(s.chains[at], access)
	}
	return versions, nil
}

func (s *Store) holds(at owner, sel *records.Selection) bool {
	c, ok := s.consents[at][sel.Consent]
	return ok && !sel.At.Before(c.from) && sel.At.Before(c.until)
}

func head(chain []records.SealedAccess) records.AccessHead {
	if len(chain) == 0 {
		return records.AccessHead{}
	}
	last := chain[len(chain)-1]
	return records.AccessHead{Seq: last.Seq, Commitment: last.Commitment}
}

// fetch returns what a selection names of a patient, or of directory data, as stores give it back: without tokens,
// conditions and leaves.
func (s *Store) fetch(
	org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
) []records.SealedVersion {
	if sel == nil {
		return nil
	}
	var list []records.SealedVersion
	if sel.Ref != nil {
		list = s.one(org, *sel)
	} else {
		list = s.page(org, *sel, patient)
	}
	var out []records.SealedVersion
	for _, v := range list {
		if v.Patient == patient {
			v.Tokens, v.Unless, v.Care, v.Entry = nil, nil, nil, logbook.Entry{ID: v.Entry.ID}
			out = append(out, v)
		}
	}
	return out
}

// one returns the version of one record that is named, if there is such a one.
func (s *Store) one(org consortium.OrgID, sel records.Selection) []records.SealedVersion {
	list := s.versions[exchange.RecordRef{Org: org, Type: sel.Ref.Type, ID: sel.Ref.ID}]
	number := cmp.Or(sel.Number, len(list))
	if number < 1 || number > len(list) {
		return nil
	}
	return list[number-1 : number]
}

// page returns current versions, newest first.
func (s *Store) page(
	org consortium.OrgID, sel records.Selection, patient consortium.PatientRef,
) []records.SealedVersion {
	var out []records.SealedVersion
	for ref := range s.versions {
		v, _ := s.current(ref)
		if ref.Org == org && v.Patient == patient && !v.Deleted && slices.Contains(sel.Kinds, v.Kind) &&
			onPage(sel.Page, v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b records.SealedVersion) int { return newestFirst(place(a), place(b)) })
	return exchange.Choose(sel.Page, out, func(v records.SealedVersion) consortium.Kind { return v.Kind })
}

func onPage(p exchange.Page, v records.SealedVersion) bool {
	return (p.Type == "" || v.Type == p.Type) && (p.IDs == nil || slices.Contains(p.IDs, v.ID)) &&
		(p.After == nil || newestFirst(place(v), *p.After) > 0)
}

func place(v records.SealedVersion) exchange.Cursor {
	return exchange.Cursor{Recorded: v.Recorded, Type: v.Type, ID: v.ID}
}

func newestFirst(a, b exchange.Cursor) int {
	return cmp.Or(b.Recorded.Compare(a.Recorded), cmp.Compare(b.Type, a.Type), cmp.Compare(b.ID, a.ID))
}

// AccessEntries implements records.AccessStore.
func (s *Store) AccessEntries(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, before int64, limit int,
) (records.AccessHead, []records.SealedAccess, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chain := s.chains[owner{org, patient}]
	var out []records.SealedAccess
	for _, a := range slices.Backward(chain) {
		if (before <= 0 || a.Seq < before) && len(out) < limit {
			out = append(out, a)
		}
	}
	return head(chain), out, nil
}

// Holdings implements records.PatientFacts.
func (s *Store) Holdings(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := map[consortium.Kind]exchange.Holding{}
	for ref := range s.versions {
		v, _ := s.current(ref)
		if ref.Org != org || v.Patient != patient {
			continue
		}
		h := by[v.Kind]
		h.Org, h.Kind = org, v.Kind
		if !v.Deleted {
			h.Count++
		}
		if v.Recorded.After(h.Latest) {
			h.Latest = v.Recorded
		}
		by[v.Kind] = h
	}
	out := []exchange.Holding{}
	for _, h := range by {
		if h.Count > 0 {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b exchange.Holding) int { return cmp.Compare(a.Kind, b.Kind) })
	return out, nil
}

// InCare implements records.PatientFacts.
func (s *Store) InCare(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time,
) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref := range s.versions {
		v, _ := s.current(ref)
		if ref.Org == org && v.Patient == patient && !v.Deleted && v.Care != nil && !v.Care.Start.After(at) &&
			(v.Care.End.IsZero() || !v.Care.End.Before(since)) {
			return true, nil
		}
	}
	return false, nil
}
