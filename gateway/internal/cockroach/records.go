package cockroach

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
)

var (
	_ records.VersionStore = (*DB)(nil)
	_ records.AccessStore  = (*DB)(nil)
	_ records.PatientFacts = (*DB)(nil)
)

var queryAnyToken = sql("any token", `
	SELECT count(id) FROM search_tokens
	WHERE org = $1 AND (type, token) IN (SELECT u.type, u.token FROM unnest($2::TEXT[], $3::BYTEA[]) AS u (type, token))`)

// checkUnless refuses a batch whose conditional creates found their record meanwhile. Being serialisable, of two
// transactions that both see nothing only one commits.
func checkUnless(ctx context.Context, tx pgx.Tx, org consortium.OrgID, batch []records.SealedVersion) error {
	var types []string
	var tokens [][]byte
	for _, v := range batch {
		if v.Unless != nil {
			types, tokens = append(types, v.Type), append(tokens, v.Unless)
		}
	}
	if len(tokens) == 0 {
		return nil
	}
	var found int64
	if err := tx.QueryRow(ctx, queryAnyToken.text, org, types, tokens).Scan(&found); err != nil {
		return err
	}
	if found > 0 {
		return fault.New(
			fault.Conflict, CodeRecordExists,
			"A record with that identifier was stored in the meantime. Send the request again.",
		)
	}
	return nil
}

func versionConflict() error {
	return fault.New(
		fault.Conflict, CodeVersionConflict,
		"The record was changed in the meantime. Read it again and repeat your change.",
	)
}

// CurrentVersions tells where records stand; those that do not exist are absent from the map. Whose a record is and of
// which kind never changes and is bound to its row; whether the version is the newest is proven by who acts on it.
func (db *DB) CurrentVersions(
	ctx context.Context, org consortium.OrgID, refs []exchange.RecordRef,
) (map[exchange.RecordRef]exchange.Current, error) {
	var found map[exchange.RecordRef]*current
	types, ids := refColumns(org, refs)
	err := db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryCurrentVersions.text, org, types, ids)
		if err != nil {
			return err
		}
		found = make(map[exchange.RecordRef]*current, len(refs))
		return db.scanCurrent(rows, org, found)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[exchange.RecordRef]exchange.Current, len(found))
	for ref, c := range found {
		out[ref] = c.noun()
	}
	return out, nil
}

var queryCurrentVersions = sql("where records stand", `
	SELECT `+currentColumns+`
	FROM unnest($2::TEXT[], $3::TEXT[]) AS u (type, id)
	JOIN records AS r ON r.org = $1 AND r.type = u.type AND r.id = u.id`)

func refColumns(org consortium.OrgID, refs []exchange.RecordRef) (types, ids []string) {
	types, ids = make([]string, 0, len(refs)), make([]string, 0, len(refs))
	for _, ref := range refs {
		if ref.Org == org {
			types, ids = append(types, ref.Type), append(ids, ref.ID)
		}
	}
	return types, ids
}

// scanCurrent reads rows of records and refuses one that is not bound.
func (db *DB) scanCurrent(rows pgx.Rows, org consortium.OrgID, found map[exchange.RecordRef]*current) error {
	row := current{org: org}
	_, err := pgx.ForEachRow(rows, row.fields(), func() error {
		c := row
		c.recorded = c.recorded.UTC()
		if tag := c.bind(db.key); string(tag[:]) != string(c.tag) {
			return db.refuse("records", c.name(), CodeRowAltered)
		}
		found[c.ref()] = &c
		return nil
	})
	return err
}

// The ids that carry all tokens are chosen first: a limit on rows would be used up by what carries some of them only.
var queryFindIDs = sql("find", `
	SELECT t.id, t.version, t.token, t.bound, r.version
	FROM (SELECT c.id FROM search_tokens AS c
		WHERE c.org = $1 AND c.type = $2 AND c.token = ANY ($3::BYTEA[])
		GROUP BY c.id HAVING count(c.token) = $4::INT8 ORDER BY c.id LIMIT $5) AS f
	JOIN search_tokens AS t ON t.org = $1 AND t.type = $2 AND t.token = ANY ($3::BYTEA[]) AND t.id = f.id
	LEFT JOIN records AS r ON r.org = t.org AND r.type = t.type AND r.id = t.id
	ORDER BY t.id`)

// FindIDs returns the ids of records of a type that carry all tokens. A token that the organisation did not write for
// the version that stands is refused: it could lead to another person's record.
func (db *DB) FindIDs(
	ctx context.Context, org consortium.OrgID, typ string, tokens [][]byte, limit int,
) ([]string, error) {
	var ids []string
	err := db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryFindIDs.text, org, typ, tokens, len(tokens), limit)
		if err != nil {
			return err
		}
		ids = ids[:0]
		var id string
		var version int64
		var now *int64
		var token, tag []byte
		_, err = pgx.ForEachRow(rows, []any{&id, &version, &token, &tag, &now}, func() error {
			if !db.key.Check(tag, "search_tokens", org, typ, token, id, version) || now == nil || *now != version {
				return db.refuse("search_tokens", typ+"/"+id, CodeRowAltered)
			}
			if len(ids) == 0 || ids[len(ids)-1] != id {
				ids = append(ids, id)
			}
			return nil
		})
		return err
	})
	return ids, err
}

// Holdings tells what kinds of records this organisation holds on a patient.
func (db *DB) Holdings(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	ix, err := db.provenIndex(ctx, org, patient)
	if err != nil {
		return nil, err
	}
	return ix.holdings(org), nil
}

// InCare says whether an encounter had begun by at and lasts, or ended at since or later.
func (db *DB) InCare(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time,
) (bool, error) {
	ix, err := db.provenIndex(ctx, org, patient)
	if err != nil {
		return false, err
	}
	return ix.inCare(at, since), nil
}

// provenIndex returns a patient's records as they stand. Where nothing has changed since they were last read, that is
// one statement.
func (db *DB) provenIndex(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) (*index, error) {
	at := place{roomRecords, string(patient)}
	heads := db.expectHeads(org, at)
	if ix, err := db.rememberedIndex(ctx, heads, org, patient); ix != nil || err != nil {
		return ix, err
	}
	var ix *index
	heads = db.expectHeads(org, at)
	err := db.Read(ctx, func(tx pgx.Tx) error {
		if err := heads.read(ctx, tx); err != nil {
			return err
		}
		var err error
		ix, err = db.indexOf(ctx, tx, org, patient, heads.now[at])
		return err
	})
	if err != nil {
		return nil, err
	}
	heads.committed()
	return ix, nil
}

// rememberedIndex returns the index in memory, if there is one and the head says that it still holds.
func (db *DB) rememberedIndex(
	ctx context.Context, heads *heads, org consortium.OrgID, patient consortium.PatientRef,
) (*index, error) {
	ix, ok := db.indexes.Get(place{string(org), string(patient)})
	if !ok {
		return nil, nil
	}
	err := db.look(ctx, func(q querier) error {
		b := &pgx.Batch{}
		heads.queue(b)
		return q.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return nil, err
	}
	if heads.now[place{roomRecords, string(patient)}].Seq != ix.seq {
		return nil, nil
	}
	return ix, nil
}
