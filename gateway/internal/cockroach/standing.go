package cockroach

import (
	"context"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
)

// Standing fetches the current version of a patient's record, proven to be the one that stands, and logs nothing: it is
// for comparisons that show it to nobody.
func (db *DB) Standing(
	ctx context.Context, patient consortium.PatientRef, ref exchange.RecordRef,
) (records.SealedVersion, bool, error) {
	var f *fetch
	err := db.weighing(ctx, func(weighed int64) error {
		f = db.newFetch(ref.Org, patient, &records.Selection{Ref: &ref})
		f.weighed = weighed
		return db.Read(ctx, func(tx pgx.Tx) error { return f.run(ctx, tx) })
	})
	if err != nil || len(f.versions) == 0 {
		return records.SealedVersion{}, false, err
	}
	f.heads.committed()
	return f.versions[0], true, nil
}
