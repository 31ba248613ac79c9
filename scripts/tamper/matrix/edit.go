package matrix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Edit changes one row: without Before it is made, without After it is deleted.
type Edit struct {
	Table         Table
	Before, After Row
}

// apply does the edits in one transaction, on the rows as they are by now, and returns what it did: the gateways went
// on writing since the edits were made up, and taking back must not undo that.
func apply(ctx context.Context, db *pgx.Conn, edits []Edit) ([]Edit, error) {
	var done []Edit
	err := inTx(ctx, db, func(tx pgx.Tx) error {
		now, err := present(ctx, tx, edits)
		if err != nil {
			return err
		}
		done = make([]Edit, len(edits))
		for i, e := range edits {
			done[i] = e.onto(now[e.Table.String()])
		}
		return write(ctx, tx, done)
	})
	return done, err
}

func write(ctx context.Context, tx pgx.Tx, edits []Edit) error {
	for _, e := range edits {
		if err := e.do(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// present reads the tables of the edits, each row by its key.
func present(ctx context.Context, q querier, edits []Edit) (map[string]map[string]Row, error) {
	out := map[string]map[string]Row{}
	for _, e := range edits {
		if out[e.Table.String()] != nil {
			continue
		}
		rows, err := rowsOf(ctx, q, e.Table)
		if err != nil {
			return nil, err
		}
		out[e.Table.String()] = byKey(e.Table, rows)
	}
	return out, nil
}

// onto is the same edit of the row as it is now.
func (e Edit) onto(now map[string]Row) Edit {
	if e.Before == nil {
		return e
	}
	there, ok := now[e.Table.key(e.Before)]
	if !ok {
		return e
	}
	if e.After == nil {
		return Edit{Table: e.Table, Before: there}
	}
	after := there
	for column, value := range e.After {
		if value != e.Before[column] {
			after = after.with(column, value)
		}
	}
	return Edit{Table: e.Table, Before: there, After: after}
}

func inTx(ctx context.Context, db *pgx.Conn, do func(pgx.Tx) error) error {
	for {
		err := pgx.BeginTxFunc(ctx, db, pgx.TxOptions{IsoLevel: pgx.Serializable}, do)
		if code := sqlState(err); code != "40001" && code != "40P01" {
			return err
		}
	}
}

// sqlState returns the server's code of an error, or nothing.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

func (e Edit) do(ctx context.Context, tx pgx.Tx) error {
	var err error
	switch {
	case e.Before == nil:
		err = insert(ctx, tx, e.Table, e.After)
	case e.After == nil:
		err = remove(ctx, tx, e.Table, e.Before)
	default:
		err = update(ctx, tx, e.Table, e.Before, e.After)
	}
	if err != nil {
		return fmt.Errorf("edit %s: %w", e.Table.Name, err)
	}
	return nil
}

// record is a row out of a JSON parameter.
func record(t Table, n int) string {
	return fmt.Sprintf("jsonb_populate_record(NULL::%s, $%d::JSONB)", t, n)
}

// same compares the key of t with that of o.
func same(t Table) string {
	parts := make([]string, len(t.Key))
	for i, c := range t.Key {
		name := pgx.Identifier{c}.Sanitize()
		parts[i] = "t." + name + " IS NOT DISTINCT FROM o." + name
	}
	return strings.Join(parts, " AND ")
}

func insert(ctx context.Context, tx pgx.Tx, t Table, r Row) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT * FROM %s", t, record(t, 1)), r.text())
	return err
}

func remove(ctx context.Context, tx pgx.Tx, t Table, r Row) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s AS t USING %s AS o WHERE %s", t, record(t, 1), same(t)), r.text())
	return err
}

// update sets the columns in which the rows differ.
func update(ctx context.Context, tx pgx.Tx, t Table, before, after Row) error {
	var sets []string
	for _, c := range t.Columns {
		if before[c.Name] != after[c.Name] {
			name := pgx.Identifier{c.Name}.Sanitize()
			sets = append(sets, name+" = n."+name)
		}
	}
	if len(sets) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(
		"UPDATE %s AS t SET %s FROM %s AS n, %s AS o WHERE %s", t, strings.Join(sets, ", "), record(t, 1), record(t, 2),
		same(t),
	), after.text(), before.text())
	return err
}

// undo takes the edits back and leaves alone what the gateway wrote meanwhile: of a changed row, those columns go back
// that still hold what was put there.
func undo(ctx context.Context, db *pgx.Conn, edits []Edit) error {
	return inTx(ctx, db, func(tx pgx.Tx) error {
		now, err := present(ctx, tx, edits)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(edits) {
			if err := back(e, now[e.Table.String()]).do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// back is the edit that takes e back, given the table's rows as they are now.
func back(e Edit, now map[string]Row) Edit {
	if e.Before == nil {
		return Edit{Table: e.Table, Before: e.After}
	}
	at := e.Before
	if e.After != nil {
		at = e.After
	}
	there, ok := now[e.Table.key(at)]
	switch {
	case !ok:
		return Edit{Table: e.Table, After: e.Before}
	case e.After == nil:
		return Edit{Table: e.Table, Before: there, After: e.Before}
	}
	if _, again := now[e.Table.key(e.Before)]; again && e.Table.key(at) != e.Table.key(e.Before) {
		return Edit{Table: e.Table, Before: there} // the gateway made the row anew that had been given another key
	}
	restored := there
	for column, value := range e.After {
		if value != e.Before[column] && there[column] == value {
			restored = restored.with(column, e.Before[column])
		}
	}
	return Edit{Table: e.Table, Before: there, After: restored}
}

func byKey(t Table, rows []Row) map[string]Row {
	out := make(map[string]Row, len(rows))
	for _, r := range rows {
		out[t.key(r)] = r
	}
	return out
}
