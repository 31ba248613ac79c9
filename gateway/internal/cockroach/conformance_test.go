package cockroach_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records/recordstest"
	"yilian.example/exchange/release/releasetest"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// backend is the SQL store with what other parts of a gateway do to it, for the suites of the domains.
type backend struct {
	*cockroach.DB
	consents *cockroach.Consents
}

func newBackend(t *testing.T) backend {
	db := cockroachtest.New(t)
	return backend{db, cockroach.NewConsents(db)}
}

// Grant takes a consent to where the ledger has it.
func (b backend) Grant(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, id string, from, until time.Time,
) error {
	err := b.consents.Add(ctx, consent.Consent{
		ID: consent.ID(id), CreatedAt: from, Sealed: []byte("sealed"),
		Terms: consent.Terms{
			Patient: patient, Custodian: org, Recipient: "anhe", Purpose: consortium.Treatment,
			Kinds: []consortium.Kind{consortium.Observations}, From: from, Until: until,
			Notice: consent.NoticeVersion, Lang: consent.Chinese,
		},
	}, consentEntry(from))
	if err != nil {
		return err
	}
	orders, err := b.consents.Claim(ctx, org, from, time.Minute, 10)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := b.consents.Settle(ctx, o, consent.Outcome{Receipt: []byte("receipt"), At: from}); err != nil {
			return err
		}
	}
	return nil
}

func consentEntry(at time.Time) logbook.Entry {
	return logbook.Entry{
		ID: uuid.NewString(), Kind: tlog.KindConsent, Leaf: tlog.NewLeaf(tlog.KindConsent, at, tlog.Hash{1}), At: at,
	}
}

func (b backend) Withdraw(ctx context.Context, org consortium.OrgID, _ consortium.PatientRef, id string) error {
	_, err := b.consents.Withdraw(
		ctx, org, consent.ID(id), consent.Ending{At: start, Sealed: []byte("ending"), Entry: consentEntry(start)},
	)
	return err
}

func (b backend) Erase(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) error {
	if _, err := b.AddPatientKey(ctx, org, patient, []byte("wrapped"), start); err != nil {
		return err
	}
	return b.DestroyPatientKey(ctx, org, patient, start)
}

func (b backend) Logged(ctx context.Context, org consortium.OrgID) ([]string, error) {
	entries, err := b.Log(org).Pending(ctx, "", 1000)
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids, err
}

// TestRecordsConformance holds the SQL store to the suite of the records domain.
func TestRecordsConformance(t *testing.T) {
	recordstest.Conformance(t, func(t *testing.T) recordstest.Backend { return newBackend(t) })
}

// bothSides is the SQL store of both sides of release.
type bothSides struct {
	backend
	*cockroach.Releases
}

// TestReleasesConformance holds the SQL store to the suite of the release domain.
func TestReleasesConformance(t *testing.T) {
	releasetest.Conformance(t, func(t *testing.T) releasetest.Backend {
		b := newBackend(t)
		return bothSides{b, cockroach.NewReleases(b.DB)}
	})
}
