package cockroach

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// versionKey names a row of record_versions.
type versionKey struct {
	typ, id string
	number  int64
}

var queryVersionSizes = sql("audit sizes of record_versions", `
	SELECT type, id, version, octet_length(sealed) FROM record_versions
	WHERE org = $1 AND (type, id, version) > ($2::TEXT, $3::TEXT, $4::INT8)
	ORDER BY type, id, version LIMIT $5`)

// versions checks the tags of record versions, which are over their content, from where the last pass stopped.
func (s *sweep) versions(ctx context.Context) error {
	spec := tableNamed("record_versions")
	left := int64(maxSweptBytes)
	for s.whole || left > 0 {
		from := s.next.version
		to, size, err := s.versionRange(ctx, from)
		if err != nil {
			return fmt.Errorf("record_versions: %w", err)
		}
		if to == from {
			s.next.version = versionKey{} // the end: the next pass begins anew
			return nil
		}
		rows, err := s.tx.Query(ctx, spec.rows.text, s.org, from.typ, from.id, from.number, to.typ, to.id, to.number)
		if err == nil {
			err = s.checkRows(spec, rows)
		}
		if err != nil {
			return fmt.Errorf("record_versions: %w", err)
		}
		s.next.version = to
		left -= size
	}
	return nil
}

// versionRange returns the last of the next rows whose content is of about sweepRange bytes, and how large that is.
func (s *sweep) versionRange(ctx context.Context, from versionKey) (versionKey, int64, error) {
	rows, err := s.tx.Query(ctx, queryVersionSizes.text, s.org, from.typ, from.id, from.number, sweepRangeRows)
	if err != nil {
		return versionKey{}, 0, err
	}
	to, total := from, int64(0)
	var key versionKey
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&key.typ, &key.id, &key.number, &size}, func() error {
		if total < sweepRange {
			to, total = key, total+size
		}
		return nil
	})
	return to, max(total, 1), err
}

func tableNamed(name string) table {
	for _, t := range tables {
		if t.name == name {
			return t
		}
	}
	return table{}
}
