package evidence

import "yilian.example/exchange/fault"

// What can go wrong with an evidence file.
const (
	CodeNotEvidence   fault.Code = "NOT_EVIDENCE"   // the file cannot be read as one
	CodeNotWitnessed  fault.Code = "NOT_WITNESSED"  // the ledger has not witnessed the record's log entry yet
	CodeRecordAltered fault.Code = "RECORD_ALTERED" // the record is not what was logged when it was stored
	CodeLogSilent     fault.Code = "LOG_UNATTESTED" // the members' signed answer about a log cannot be had or read now
)
