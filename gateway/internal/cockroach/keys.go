package cockroach

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// PatientKey gives the wrapped data key of a patient; fault.NotFound where there is none, fault.Gone where it was
// destroyed.
func (db *DB) PatientKey(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) ([]byte, error) {
	var wrapped []byte
	err := db.look(ctx, func(q querier) error {
		var err error
		wrapped, err = patientKey(ctx, q, org, patient)
		return err
	})
	return wrapped, err
}

var insertPatientKey = sql("add a patient key", `
	INSERT INTO patient_keys (org, patient, wrapped, created_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (org, patient) DO NOTHING`)

// AddPatientKey keeps wrapped unless the patient has a key already, and gives the one that is kept.
func (db *DB) AddPatientKey(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, wrapped []byte, at time.Time,
) ([]byte, error) {
	// Each in its own transaction: under one snapshot, the row that won a race could not be seen.
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertPatientKey.text, org, patient, wrapped, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return db.PatientKey(ctx, org, patient)
}

var destroyPatientKey = sql("destroy a patient key", `
	UPDATE patient_keys SET wrapped = ''::BYTEA, destroyed_at = $3
	WHERE org = $1 AND patient = $2 AND destroyed_at IS NULL`)

// DestroyPatientKey destroys a data key, and with it all that was encrypted under it. It cannot be undone. A second
// time changes nothing.
func (db *DB) DestroyPatientKey(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at time.Time,
) error {
	return db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, destroyPatientKey.text, org, patient, at)
		return err
	})
}

var queryPatientKey = sql("a patient key", `
	SELECT wrapped, destroyed_at IS NOT NULL FROM patient_keys WHERE org = $1 AND patient = $2`)

func patientKey(ctx context.Context, q querier, org consortium.OrgID, patient consortium.PatientRef) ([]byte, error) {
	var wrapped []byte
	var destroyed bool
	err := q.QueryRow(ctx, queryPatientKey.text, org, patient).Scan(&wrapped, &destroyed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "KEY_NOT_FOUND", "There is nothing stored on this patient here.")
	}
	if err != nil {
		return nil, err
	}
	if destroyed {
		return nil, fault.New(fault.Gone, "ERASED", "The data on this patient was erased here and cannot be shown again.")
	}
	return wrapped, nil
}
