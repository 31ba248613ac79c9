package records

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Keys returns this organisation's keys.
type Keys interface {
	// DataKey returns the data key of a patient, making one at first use; fault.Gone where it was destroyed.
	DataKey(ctx context.Context, patient consortium.PatientRef) (logbook.Cipher, error)
	// Blind derives a search token from parts, the same for the same parts at this organisation.
	Blind(ctx context.Context, parts ...string) ([]byte, error)
}

// SealedVersion is a record version as the store sees it: Sealed holds salt and content.
type SealedVersion struct {
	Type     string
	ID       string
	Number   int
	Patient  consortium.PatientRef
	Kind     consortium.Kind
	Recorded time.Time
	Deleted  bool
	Sealed   []byte
	Entry    logbook.Entry
	Tokens   [][]byte // blinded
	// blinded; the batch is refused (fault.Conflict) where a current record of the type carries it; nil: none
	Unless []byte
	Care   *exchange.CareWindow // nil: this record gives no window of care
	// Omitted says, when read back, that content is left out: more of it would not have fitted on the page.
	Omitted bool
}

// VersionStore keeps sealed record versions.
type VersionStore interface {
	// SaveVersions keeps a batch in one transaction: versions, what they can be found by, windows of care, holdings and
	// log entries. It is fault.Conflict, and nothing is kept, when a version is not the next one of its record or would
	// move the record to another patient or kind, and fault.Gone when the patient's key was destroyed.
	SaveVersions(ctx context.Context, org consortium.OrgID, batch []SealedVersion) error
	// CurrentVersions tells where records stand; those that do not exist are absent from the map.
	CurrentVersions(
		ctx context.Context, org consortium.OrgID, refs []exchange.RecordRef,
	) (map[exchange.RecordRef]exchange.Current, error)
	// Standing fetches the current version of a patient's record (of directory data, without a patient) outside any
	// access: for a comparison that shows it to nobody. False where there is none.
	Standing(
		ctx context.Context, patient consortium.PatientRef, ref exchange.RecordRef,
	) (SealedVersion, bool, error)
	// FindIDs returns the first ids of records of a type whose current version carries all tokens, in order of id, up to
	// limit.
	FindIDs(ctx context.Context, org consortium.OrgID, typ string, tokens [][]byte, limit int) ([]string, error)
}

// Selection says which versions a logged read fetches: one record (Ref set), or a page of the current, not deleted
// versions of a patient. What is of another patient is not there; without a patient, only directory data is.
type Selection struct {
	Ref    *exchange.RecordRef
	Number int // of Ref; 0 is the current one

	// Consent, where it is set, must be granted and in its period at At in the transaction that reads.
	Consent string
	At      time.Time

	Kinds []consortium.Kind
	Page  exchange.Page
}

// AccessHead is the end of one patient's access chain at one organisation; the zero value is the empty chain.
type AccessHead struct {
	Seq        int64
	Commitment string // base64
}

// SealedAccess is an access entry as the store sees it: Sealed holds salt and statement.
type SealedAccess struct {
	Seq        int64
	Commitment string // base64
	Sealed     []byte
	Time       time.Time
	Entry      logbook.Entry // the leaf is empty when read back
}

// AccessStore keeps the chains of access entries.
type AccessStore interface {
	// ReadLogged fetches what sel says (nil: nothing), asks next for the entry that follows the patient's head, and keeps
	// it with its log entry, all in one transaction. Next may be called more than once and must wait for nothing; its
	// error ends the transaction and is returned as it is. Without a patient (directory data) there is no chain: next only
	// checks, and nothing is kept.
	ReadLogged(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *Selection,
		next func(AccessHead, []SealedVersion) (SealedAccess, error)) ([]SealedVersion, error)
	// AccessEntries returns the head of a patient's chain and entries with Seq below before (0: from the newest), newest
	// first.
	AccessEntries(
		ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, before int64, limit int,
	) (AccessHead, []SealedAccess, error)
}

// PatientFacts are what the store knows about a patient besides content.
type PatientFacts interface {
	// Holdings tells what kinds this organisation holds on a patient, in order of kind: how many records stand, and when
	// the newest change (a deletion too) was recorded. A kind of which no record stands is left out.
	Holdings(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) ([]exchange.Holding, error)
	// InCare says whether an encounter of the patient at org had begun by at and lasts, or ended at since or later.
	InCare(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time) (bool, error)
}

// recordAAD binds a sealed version to its row, so that rows that were swapped or relabelled in the database do not
// decrypt.
func recordAAD(org consortium.OrgID, v SealedVersion) []byte {
	return logbook.Place(
		"yilian/record/v1", string(org), v.Type, v.ID, strconv.Itoa(v.Number), string(v.Patient), string(v.Kind),
		strconv.FormatBool(v.Deleted), v.Recorded.UTC().Format(time.RFC3339Nano), v.Entry.ID,
	)
}

// accessAAD binds a sealed access entry to its place in its chain, its time and its log entry.
func accessAAD(org consortium.OrgID, patient consortium.PatientRef, s SealedAccess) []byte {
	return logbook.Place(
		"yilian/access/v2", string(org), string(patient), strconv.FormatInt(s.Seq, 10),
		s.Time.UTC().Format(time.RFC3339Nano), s.Entry.ID,
	)
}

func encodeHash(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }
