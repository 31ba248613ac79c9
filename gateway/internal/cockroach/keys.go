package cockroach

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// PatientKey returns the wrapped data key of a patient; fault.NotFound where there is none, fault.Gone where it was
// destroyed.
func (db *DB) PatientKey(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) ([]byte, error) {
	var wrapped []byte
	err := db.look(ctx, func(q querier) error {
		var err error
		wrapped, err = db.patientKey(ctx, q, org, patient)
		return err
	})
	return wrapped, err
}

var (
	insertPatientKey = sql("add a patient key", `
		INSERT INTO patient_keys (org, patient, wrapped, created_at, bound) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org, patient) DO NOTHING`)

	queryAnyData = sql("whether there are data of a patient", `
		SELECT EXISTS (SELECT 1 FROM records WHERE org = $1 AND patient = $2)
			OR EXISTS (SELECT 1 FROM heads WHERE org = $1 AND room = ANY ($3::TEXT[]) AND scope = $2)
			OR EXISTS (SELECT 1 FROM access_heads WHERE org = $1 AND patient = $2)
			OR EXISTS (SELECT 1 FROM access_log WHERE org = $1 AND patient = $2)`)
)

var queryKnown = sql("whether a patient is known", `
	SELECT EXISTS (SELECT 1 FROM patient_keys WHERE org = $1 AND patient = $2)`)

// KnowsPatient says whether anything of a patient was ever kept here: a key, or data whose key is gone.
func (db *DB) KnowsPatient(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) (bool, error) {
	var key, data bool
	err := db.Read(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, queryKnown.text, org, patient).Scan(&key); err != nil || key {
			return err
		}
		return tx.QueryRow(ctx, queryAnyData.text, org, patient, []string{roomRecords, roomConsents}).Scan(&data)
	})
	return key || data, err
}

// AddPatientKey keeps wrapped unless the patient has a key already, and returns the one that is kept. Where there are
// data of the patient and their key is gone, none is made: what would be stored under another could never be told from
// what was stored before.
func (db *DB) AddPatientKey(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, wrapped []byte, at time.Time,
) ([]byte, error) {
	tag := db.key.Tag("patient_keys", org, patient, wrapped, at, nil)
	// Each in its own transaction: under one snapshot, the row that won a race could not be seen.
	err := db.TxSnapshot(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, insertPatientKey.text, org, patient, wrapped, at, tag[:])
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		var data bool
		err = tx.QueryRow(ctx, queryAnyData.text, org, patient, []string{roomRecords, roomConsents}).Scan(&data)
		if err == nil && data {
			return db.refuse("patient_keys", string(patient), CodeKeyMissing)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return db.PatientKey(ctx, org, patient)
}

var destroyPatientKey = sql("destroy a patient key", `
	UPDATE patient_keys SET wrapped = $3, destroyed_at = $4, bound = $5 WHERE org = $1 AND patient = $2`)

// DestroyPatientKey destroys a data key, and with it all that was encrypted under it. It cannot be undone. A second
// time changes nothing.
func (db *DB) DestroyPatientKey(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at time.Time,
) error {
	return db.Tx(ctx, func(tx pgx.Tx) error {
		row, found, err := db.readPatientKey(ctx, tx, org, patient)
		if err != nil || !found || row.destroyed != nil {
			return err
		}
		nothing := []byte{}
		tag := db.key.Tag("patient_keys", org, patient, nothing, row.created, at)
		_, err = tx.Exec(ctx, destroyPatientKey.text, org, patient, nothing, at, tag[:])
		return err
	})
}

var queryPatientKey = sql("a patient key", `
	SELECT wrapped, created_at, destroyed_at, bound FROM patient_keys WHERE org = $1 AND patient = $2`)

type patientKeyRow struct {
	wrapped   []byte
	created   time.Time
	destroyed *time.Time
}

func (db *DB) readPatientKey(
	ctx context.Context, q querier, org consortium.OrgID, patient consortium.PatientRef,
) (patientKeyRow, bool, error) {
	var row patientKeyRow
	var tag []byte
	err := q.QueryRow(ctx, queryPatientKey.text, org, patient).Scan(&row.wrapped, &row.created, &row.destroyed, &tag)
	if errors.Is(err, pgx.ErrNoRows) {
		return patientKeyRow{}, false, nil
	}
	if err == nil && !db.key.Check(tag, "patient_keys", org, patient, row.wrapped, row.created, row.destroyed) {
		err = db.refuse("patient_keys", string(patient), CodeRowAltered)
	}
	return row, true, err
}

func (db *DB) patientKey(
	ctx context.Context, q querier, org consortium.OrgID, patient consortium.PatientRef,
) ([]byte, error) {
	row, found, err := db.readPatientKey(ctx, q, org, patient)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fault.New(fault.NotFound, CodeNoKey, "There is nothing stored on this patient here.")
	case row.destroyed != nil:
		return nil, fault.New(fault.Gone, CodeErased, "The data on this patient was erased here and cannot be shown again.")
	}
	return row.wrapped, nil
}
