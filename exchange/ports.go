package exchange

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// Cipher is one data key in use; aad binds a ciphertext to its place. It waits for nothing, so that it can be used
// inside a transaction.
type Cipher interface {
	Seal(aad, plaintext []byte) ([]byte, error)
	Open(aad, ciphertext []byte) ([]byte, error)
}

// Keys gives this organisation's keys.
type Keys interface {
	// DataKey gives the data key of a patient, making one at first use; fault.Gone where it was destroyed.
	DataKey(ctx context.Context, patient consortium.PatientRef) (Cipher, error)
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
	Entry    LogEntry
	Tokens   [][]byte // blinded
	// blinded; the batch is refused (fault.Conflict) where a current record of the type carries it; nil: none
	Unless []byte
	Care   *CareWindow // nil: this record gives no window of care
}

// Current is where a record stands now.
type Current struct {
	Number  int
	Patient consortium.PatientRef
	Kind    consortium.Kind
	Deleted bool
}

// RecordStore keeps sealed record versions.
type RecordStore interface {
	// SaveVersions keeps a batch in one transaction: versions, what they can be found by, windows of care, holdings and
	// log entries. It is fault.Conflict, and nothing is kept, when a version is not the next one of its record or would
	// move the record to another patient or kind, and fault.Gone when the patient's key was destroyed.
	SaveVersions(ctx context.Context, org consortium.OrgID, batch []SealedVersion) error
	// CurrentVersions tells where records stand; those that do not exist are absent from the map.
	CurrentVersions(ctx context.Context, org consortium.OrgID, refs []RecordRef) (map[RecordRef]Current, error)
	// FindIDs gives the ids of records of a type that carry all tokens, in order of id.
	FindIDs(ctx context.Context, org consortium.OrgID, typ string, tokens [][]byte, limit int) ([]string, error)
}

// Selection says which versions a logged read fetches: one record (Ref set), or a page of the current, not deleted
// versions of a patient.
type Selection struct {
	Ref    *RecordRef
	Number int // of Ref; 0 is the current one

	Kinds []consortium.Kind
	Page  Page
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
	Entry      LogEntry // the leaf is empty when read back
}

// AccessStore keeps the chains of access entries.
type AccessStore interface {
	// ReadLogged fetches what sel says (nil: nothing), asks next for the entry that follows the patient's head, and keeps
	// it with its log entry, all in one transaction. Next may be called more than once and must wait for nothing; its
	// error ends the transaction and is returned as it is. Without a patient (directory data) there is no chain: next only
	// checks, and nothing is kept.
	ReadLogged(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *Selection,
		next func(AccessHead, []SealedVersion) (SealedAccess, error)) ([]SealedVersion, error)
	// AccessEntries gives the head of a patient's chain and entries with Seq below before (0: from the newest), newest
	// first.
	AccessEntries(
		ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, before int64, limit int,
	) (AccessHead, []SealedAccess, error)
}

// PatientFacts are what the store knows about a patient besides content.
type PatientFacts interface {
	// Holdings tells which members hold what kinds on a patient, by organisation and kind.
	Holdings(ctx context.Context, patient consortium.PatientRef) ([]Holding, error)
	// InCare says whether an encounter of the patient at org had begun by at and lasts, or ended at since or later.
	InCare(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time) (bool, error)
}

// recordAAD binds a sealed version to its row, so that rows that were swapped or relabelled in the database do not
// decrypt.
func recordAAD(org consortium.OrgID, v SealedVersion) []byte {
	return placeAAD(
		"yilian/record/v1", string(org), v.Type, v.ID, strconv.Itoa(v.Number), string(v.Patient), string(v.Kind),
		strconv.FormatBool(v.Deleted), v.Recorded.UTC().Format(time.RFC3339Nano), v.Entry.ID,
	)
}

// accessAAD binds a sealed access entry to its place in its chain.
func accessAAD(org consortium.OrgID, patient consortium.PatientRef, seq int64) []byte {
	return placeAAD("yilian/access/v1", string(org), string(patient), strconv.FormatInt(seq, 10))
}

// placeAAD joins parts with their lengths, so that no two lists of parts give the same bytes.
func placeAAD(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = strconv.AppendInt(out, int64(len(p)), 10)
		out = append(append(out, ':'), p...)
	}
	return out
}

func encodeHash(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }
