package cockroach

import (
	"fmt"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
)

// Codes of what is found when the database does not hold what this organisation wrote.
const (
	CodeRowAltered fault.Code = "ROW_ALTERED" // a row that the organisation did not write, or not so
	// rows are missing, added or old: they do not have the sum that they should
	CodeRowsMissing fault.Code = "ROWS_MISSING"
	CodeStateOld    fault.Code = "STATE_OLD"   // a state that is older than one that was seen
	CodeKeyMissing  fault.Code = "KEY_MISSING" // a patient's data are there and their key is not
)

// Codes that only the audit finds, which compares all with all.
const (
	CodeLeafMissing   fault.Code = "LEAF_MISSING"   // a row whose entry is not in the log
	CodeRowMissing    fault.Code = "ROW_MISSING"    // an entry of the log whose row is gone
	CodeLeafAltered   fault.Code = "LEAF_ALTERED"   // the log holds another leaf at an entry's place
	CodeTreeAltered   fault.Code = "TREE_ALTERED"   // tiles of the log do not make up the tree that was signed
	CodeSchemaChanged fault.Code = "SCHEMA_CHANGED" // the schema is not as the migrations make it
)

// Codes of what was asked and cannot be.
const (
	CodeVersionConflict fault.Code = "VERSION_CONFLICT"
	CodeRecordExists    fault.Code = "RECORD_EXISTS"
	CodePatientChanged  fault.Code = "RECORD_PATIENT_CHANGED"
	CodeErased          fault.Code = "ERASED"
	CodeNoTile          fault.Code = "NO_SUCH_TILE"
	CodeNoEntry         fault.Code = "NOT_FOUND"
	CodeNoConsent       fault.Code = "CONSENT_NOT_FOUND"
	CodeConsentEnded    fault.Code = "CONSENT_ENDED"
	CodeClaimLost       fault.Code = "CLAIM_LOST"
	CodeNoKey           fault.Code = "KEY_NOT_FOUND"
	CodeNoSession       fault.Code = "SESSION_NOT_FOUND"
	CodeNoRequest       fault.Code = "REQUEST_NOT_FOUND"
)

// Alarm is something in the database that this organisation did not write.
type Alarm = oversight.Alarm

// refuse reports an alarm and returns the error of what is not shown because of it.
func (db *DB) refuse(table, row string, code fault.Code) error {
	db.sweeps.suspect.Store(true)
	if db.alarm != nil {
		db.alarm(Alarm{Table: table, Row: row, Code: code})
	}
	return fault.Wrap(
		fmt.Errorf("%s %s: %s", table, row, code), fault.Internal, code,
		"What is stored here was changed in the database outside this system, so it is not shown. "+
			"The change is provable from the log. Please tell your administrator.",
	)
}

// Codes of what cannot be done, or went wrong.
const (
	CodeAlreadyExists  fault.Code = "ALREADY_EXISTS"
	CodeContention     fault.Code = "CONTENTION"
	CodeDatabase       fault.Code = "DATABASE"
	CodeDatabaseDown   fault.Code = "DATABASE_DOWN"
	CodeDatabaseSlow   fault.Code = "DATABASE_SLOW"
	CodeOutcomeUnknown fault.Code = "OUTCOME_UNKNOWN"
	CodeTimedOut       fault.Code = "TIMED_OUT"
)
