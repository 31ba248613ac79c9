package evidence

import (
	"context"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Reader shows a record to a caller, under a logged decision; *records.Reading is one.
type Reader interface {
	Read(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
	) (exchange.Version, error)
}

// Copy is a record that another member released.
type Copy struct {
	Custodian consortium.OrgID
	Version   exchange.Version
	Index     *int64 // its place in the custodian's log; nil when it had none yet
}

// Copies shows a record that another member released to the caller, under a logged decision.
type Copies func(ctx context.Context, actor consortium.Actor, release, typ, id string) (Copy, error)

// Office makes and checks evidence files for callers. Making one shows the record, so it goes through the same door as
// all reading.
type Office struct {
	Org     consortium.OrgID
	Records Reader
	Own     *Builder // of this organisation's records
	Copies  Copies
	// Foreign returns another member's public log and its origin.
	Foreign func(custodian consortium.OrgID) (log Tiles, origin string)
	Roots   Roots
	Options Options
}

// Evidence returns the file of a record's current version.
func (o *Office) Evidence(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string,
) ([]byte, error) {
	version, err := o.Records.Read(ctx, actor, purpose, exchange.RecordRef{Org: o.Org, Type: typ, ID: id}, 0)
	if err != nil {
		return nil, err
	}
	return o.Own.Build(ctx, version)
}

// ReceivedEvidence returns the file of a record that another member released to the caller. It is built here, from that
// member's public log and the members' signatures, so that the receiver need not ask the custodian to prove itself.
func (o *Office) ReceivedEvidence(
	ctx context.Context, actor consortium.Actor, release, typ, id string,
) ([]byte, error) {
	kept, err := o.Copies(ctx, actor, release, typ, id)
	if err != nil {
		return nil, err
	}
	if kept.Index == nil {
		return nil, fault.New(
			fault.Conflict, CodeNotWitnessed,
			"This record was not in the custodian's log yet when it was handed over. Please ask for it again.",
		)
	}
	log, origin := o.Foreign(kept.Custodian)
	builder := Builder{Log: foreignLog{log.Tiles, *kept.Index}, Ledger: o.Own.Ledger, Origin: origin, Now: o.Own.Now}
	return builder.Build(ctx, kept.Version)
}

// foreignLog is another member's public log, with the place of one entry as that member told it.
type foreignLog struct {
	tiles func(ctx context.Context, tiles []tlog.Tile) ([][]byte, error)
	index int64
}

// Tiles reads that member's log.
func (l foreignLog) Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	return l.tiles(ctx, tiles)
}

// Place returns the place that was told; the proof built from it shows whether it is true.
func (l foreignLog) Place(context.Context, string) (int64, bool, error) { return l.index, true, nil }

// Verify checks a file with the members' roots.
func (o *Office) Verify(file []byte) (Report, error) { return Verify(file, o.Roots, o.Options) }
