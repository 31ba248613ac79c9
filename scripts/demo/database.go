package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// database opens a member's part of the database as its own role can: it is what the steps use that play thief and
// forger.
func (s *story) database(ctx context.Context, org consortium.OrgID) (*pgx.Conn, error) {
	url, err := s.consortium.DatabaseURL(org)
	if err != nil {
		return nil, err
	}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, errors.New("open database: no connection") // the driver's text may hold the password
	}
	return db, nil
}

// databaseIsCiphertext looks through every column of every member's tables for the patient.
func (s *story) databaseIsCiphertext(ctx context.Context) (string, error) {
	seen := 0
	for _, org := range s.consortium.Orgs() {
		n, err := s.partIsCiphertext(ctx, org)
		if err != nil {
			return "", fmt.Errorf("at %s: %w", org, err)
		}
		seen += n
	}
	return fmt.Sprintf(
		"neither name, identity number nor finding stands in any of %d columns: who steals the database reads nothing", seen,
	), nil
}

// partIsCiphertext looks through one member's part, and counts its columns.
func (s *story) partIsCiphertext(ctx context.Context, org consortium.OrgID) (int, error) {
	db, err := s.database(ctx, org)
	if err != nil {
		return 0, err
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // only read from
	columns, err := textColumns(ctx, db)
	if err != nil {
		return 0, err
	}
	for _, needle := range []string{s.course.name, s.course.identifier, s.course.finding} {
		for _, c := range columns {
			// Names of tables and columns come from the database's own catalogue.
			query := fmt.Sprintf(
				"SELECT count(*) FROM %s WHERE %s LIKE $1", pgx.Identifier{c.table}.Sanitize(),
				pgx.Identifier{c.column}.Sanitize(),
			)
			var arg any = "%" + needle + "%"
			if c.bytes {
				query = fmt.Sprintf(
					"SELECT count(*) FROM %s WHERE position($1::BYTEA IN %s) > 0", pgx.Identifier{c.table}.Sanitize(),
					pgx.Identifier{c.column}.Sanitize(),
				)
				arg = []byte(needle)
			}
			var n int
			if err := db.QueryRow(ctx, query, arg).Scan(&n); err != nil {
				return 0, fmt.Errorf("search %s.%s: %w", c.table, c.column, err)
			}
			if n > 0 {
				return 0, fmt.Errorf("%s.%s holds clear text about the patient", c.table, c.column)
			}
		}
	}
	return len(columns), nil
}

type column struct {
	table, column string
	bytes         bool
}

func textColumns(ctx context.Context, db *pgx.Conn) ([]column, error) {
	rows, err := db.Query(ctx, `SELECT table_name, column_name, data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea', 'character varying')
		ORDER BY table_name, column_name`)
	if err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (column, error) {
		var c column
		var kind string
		err := row.Scan(&c.table, &c.column, &kind)
		c.bytes = kind == "bytea"
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	if len(columns) < 10 {
		return nil, fmt.Errorf("list columns: found only %d", len(columns))
	}
	return columns, nil
}

// recordTampering flips one bit of the stored report, wants reading and evidence refused, and puts it back.
func (s *story) recordTampering(ctx context.Context) (proven string, err error) {
	db, err := s.database(ctx, donghu)
	if err != nil {
		return "", err
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every statement was awaited
	var sealed []byte
	const row = ` WHERE org = $1 AND type = $2 AND id = $3 AND version = $4`
	key := []any{string(donghu), s.report.Type, s.report.ID, 1}
	if err := db.QueryRow(ctx, `SELECT sealed FROM record_versions`+row, key...).Scan(&sealed); err != nil {
		return "", fmt.Errorf("find the stored record: %w", err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)/2] ^= 1
	if err := replace(ctx, db, `UPDATE record_versions SET sealed = $5`+row, key, changed); err != nil {
		return "", err
	}
	s.say("byte %d of %d changed", len(changed)/2, len(changed))
	defer func() {
		restored := replace(context.WithoutCancel(ctx), db, `UPDATE record_versions SET sealed = $5`+row, key, sealed)
		if err == nil && restored == nil {
			restored = s.readable(ctx)
		}
		err = errors.Join(err, restored)
	}()
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	refused, err := mustRefuse(
		second(doctor.Read(ctx, s.report.Type, s.report.ID)), http.StatusInternalServerError, "RECORD_INTEGRITY",
	)
	if err != nil {
		return "", fmt.Errorf("reading it: %w", err)
	}
	s.say("reading: %d %s", refused.Status, refused.Code)
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return "", err
	}
	refused, err = mustRefuse(
		second(person.Evidence(ctx, s.report.Type, s.report.ID)), http.StatusInternalServerError, "RECORD_INTEGRITY",
	)
	if err != nil {
		return "", fmt.Errorf("asking for evidence: %w", err)
	}
	s.say("evidence: %d %s", refused.Status, refused.Code)
	return "an altered record is never shown and never vouched for; put back, it reads again", nil
}

// readable wants the report as it was.
func (s *story) readable(ctx context.Context) error {
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	content, err := doctor.Read(ctx, s.report.Type, s.report.ID)
	if err != nil {
		return fmt.Errorf("read the restored record: %w", err)
	}
	if !bytes.Equal(content, s.bytes) {
		return errors.New("the restored record reads differently")
	}
	return nil
}

// replace writes a value into exactly one row.
func replace(ctx context.Context, db *pgx.Conn, statement string, key []any, value []byte) error {
	tag, err := db.Exec(ctx, statement, append(append([]any{}, key...), value)...)
	if err != nil {
		return fmt.Errorf("change the database: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("change the database: %d rows", tag.RowsAffected())
	}
	return nil
}

// leafTampering changes one character of one leaf of Donghu's log, wants the audit to name it, and puts it back.
func (s *story) leafTampering(ctx context.Context) (proven string, err error) {
	system, err := s.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return "", err
	}
	// With nothing waiting, the sequencer leaves the tiles alone.
	if _, err := system.WaitWitnessed(ctx); err != nil {
		return "", err
	}
	db, err := s.database(ctx, donghu)
	if err != nil {
		return "", err
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every statement was awaited
	var n int64
	var width int
	var data []byte
	const first = `SELECT n, width, data FROM log_tiles WHERE org = $1 AND level = -1 ORDER BY n LIMIT 1`
	if err := db.QueryRow(ctx, first, string(donghu)).Scan(&n, &width, &data); err != nil {
		return "", fmt.Errorf("find a bundle of the log: %w", err)
	}
	changed, entry, err := changeLeaf(data, width)
	if err != nil {
		return "", err
	}
	const update = `UPDATE log_tiles SET data = $3 WHERE org = $1 AND level = -1 AND n = $2`
	key := []any{string(donghu), n}
	if err := replace(ctx, db, update, key, changed); err != nil {
		return "", err
	}
	index := n*tlog.TileWidth + int64(entry)
	s.say("one character of the commitment in entry %d changed", index)
	defer func() {
		restored := replace(context.WithoutCancel(ctx), db, update, key, data)
		if err == nil && restored == nil {
			_, restored = s.auditLog(ctx, donghu)
		}
		err = errors.Join(err, restored)
	}()
	words, err := s.auditLog(ctx, donghu)
	if err == nil {
		return "", errors.New("the audit saw nothing")
	}
	if !strings.Contains(words, fmt.Sprintf("entry %d", index)) {
		return "", fmt.Errorf("the audit failed, but does not name entry %d: %s", index, failedLine(words))
	}
	s.say("verify log: %s", failedLine(words))
	return "the audit fails and names the leaf; put back, the whole log verifies again", nil
}

// changeLeaf changes one base64 character of a commitment in the middle of a bundle: the leaf still looks like one.
func changeLeaf(bundle []byte, width int) ([]byte, int, error) {
	entries, err := tlog.ParseBundle(bundle, width)
	if err != nil {
		return nil, 0, fmt.Errorf("read the bundle: %w", err)
	}
	changed := bytes.Clone(bundle)
	entry := width / 2
	at := bytes.Index(changed, entries[entry]) + len(`{"commitment":"`) + 10
	other := byte('A')
	if changed[at] == other {
		other = 'B'
	}
	changed[at] = other
	return changed, entry, nil
}
