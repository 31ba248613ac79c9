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

// SaveVersions keeps a batch in one transaction of at most five round trips, however large the batch is.
func (db *DB) SaveVersions(ctx context.Context, org consortium.OrgID, batch []records.SealedVersion) error {
	leave, err := db.lanes.enterFor(ctx, org, batch)
	if err != nil {
		return err
	}
	defer leave()
	return db.Tx(ctx, func(tx pgx.Tx) error {
		var known map[exchange.RecordRef]exchange.Current
		if refs := furtherVersions(org, batch); len(refs) > 0 {
			var err error
			if known, err = currentVersions(ctx, tx, org, refs); err != nil {
				return err
			}
		}
		if err := checkNext(org, known, batch); err != nil {
			return err
		}
		if err := checkUnless(ctx, tx, org, batch); err != nil {
			return err
		}
		return sendSave(ctx, tx, org, newSave(org, known, batch))
	})
}

// furtherVersions gives the records of the batch that should exist already. First versions are not looked up: their
// insert finds out, and not having read anything, two stores at once never conflict.
func furtherVersions(org consortium.OrgID, batch []records.SealedVersion) []exchange.RecordRef {
	var refs []exchange.RecordRef
	for _, v := range batch {
		if v.Number > 1 {
			refs = append(refs, exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID})
		}
	}
	return refs
}

func checkNext(
	org consortium.OrgID, known map[exchange.RecordRef]exchange.Current, batch []records.SealedVersion,
) error {
	for _, v := range batch {
		if v.Number == 1 {
			continue
		}
		current, ok := known[exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID}]
		if !ok || current.Number != v.Number-1 {
			return versionConflict()
		}
		if current.Patient != v.Patient || current.Kind != v.Kind {
			return fault.New(fault.Conflict, "RECORD_PATIENT_CHANGED",
				"A record cannot be moved to another patient. Delete it and store it again under a new id.")
		}
	}
	return nil
}

var queryAnyToken = sql("whether a token is taken", `
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
			fault.Conflict, "RECORD_EXISTS",
			"A record with that identifier was stored in the meantime. Send the request again.",
		)
	}
	return nil
}

func versionConflict() error {
	return fault.New(
		fault.Conflict, "VERSION_CONFLICT", "The record was changed in the meantime. Read it again and repeat your change.",
	)
}

// CurrentVersions tells where records stand; those that do not exist are absent from the map.
func (db *DB) CurrentVersions(
	ctx context.Context, org consortium.OrgID, refs []exchange.RecordRef,
) (map[exchange.RecordRef]exchange.Current, error) {
	var found map[exchange.RecordRef]exchange.Current
	err := db.look(ctx, func(q querier) error {
		var err error
		found, err = currentVersions(ctx, q, org, refs)
		return err
	})
	return found, err
}

var queryCurrentVersions = sql("where records stand", `
	SELECT r.type, r.id, r.version, r.patient, r.kind, r.deleted
	FROM unnest($2::TEXT[], $3::TEXT[]) AS u (type, id)
	JOIN records AS r ON r.org = $1 AND r.type = u.type AND r.id = u.id`)

func currentVersions(
	ctx context.Context, q querier, org consortium.OrgID, refs []exchange.RecordRef,
) (map[exchange.RecordRef]exchange.Current, error) {
	types, ids := make([]string, 0, len(refs)), make([]string, 0, len(refs))
	for _, ref := range refs {
		if ref.Org == org {
			types, ids = append(types, ref.Type), append(ids, ref.ID)
		}
	}
	rows, err := q.Query(ctx, queryCurrentVersions.text, org, types, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[exchange.RecordRef]exchange.Current, len(refs))
	ref := exchange.RecordRef{Org: org}
	var c exchange.Current
	_, err = pgx.ForEachRow(rows, []any{&ref.Type, &ref.ID, &c.Number, &c.Patient, &c.Kind, &c.Deleted}, func() error {
		found[ref] = c
		return nil
	})
	return found, err
}

var queryFindIDs = sql("find", `
	SELECT id FROM search_tokens WHERE org = $1 AND type = $2 AND token = ANY ($3::BYTEA[])
	GROUP BY id HAVING count(token) = $4 ORDER BY id LIMIT $5`)

// FindIDs gives the ids of records of a type that carry all tokens.
func (db *DB) FindIDs(
	ctx context.Context, org consortium.OrgID, typ string, tokens [][]byte, limit int,
) ([]string, error) {
	var ids []string
	err := db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryFindIDs.text, org, typ, tokens, len(tokens), limit)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

var queryHoldings = sql("holdings", `
	SELECT org, kind, held, latest FROM holdings WHERE patient = $1 AND held > 0 ORDER BY org, kind`)

// Holdings tells which members hold what kinds on a patient.
func (db *DB) Holdings(ctx context.Context, patient consortium.PatientRef) ([]exchange.Holding, error) {
	var holdings []exchange.Holding
	err := db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryHoldings.text, patient)
		if err != nil {
			return err
		}
		holdings, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (exchange.Holding, error) {
			var h exchange.Holding
			err := row.Scan(&h.Org, &h.Kind, &h.Count, &h.Latest)
			h.Latest = h.Latest.UTC()
			return h, err
		})
		return err
	})
	return holdings, err
}

var queryInCare = sql("care", `
	SELECT EXISTS (
		SELECT 1 FROM care_windows
		WHERE org = $1 AND patient = $2 AND starts_at <= $3 AND (ends_at IS NULL OR ends_at >= $4))`)

// InCare says whether an encounter had begun by at and lasts, or ended at since or later.
func (db *DB) InCare(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time,
) (bool, error) {
	var in bool
	err := db.look(ctx, func(q querier) error {
		return q.QueryRow(ctx, queryInCare.text, org, patient, at, since).Scan(&in)
	})
	return in, err
}
