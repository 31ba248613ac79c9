package cockroach_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestOrdersFollowFromTheConsents: whatever somebody does to the queue, what the consents want is carried, and nothing
// that they do not want.
func TestOrdersFollowFromTheConsents(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	for name, statement := range map[string]string{
		"deleted":               `DELETE FROM consent_orders`,
		"put off":               `UPDATE consent_orders SET due_at = '2099-01-01'`,
		"claimed for ever":      `UPDATE consent_orders SET claim = gen_random_uuid(), claimed_until = '2099-01-01'`,
		"attempts below zero":   `UPDATE consent_orders SET attempts = -9`,
		"another problem named": `UPDATE consent_orders SET last_problem = 'X'`,
		"of another operation":  `UPDATE consent_orders SET op = 'withdraw'`,
		"of another consent":    `UPDATE consent_orders SET consent = 'x'`,
		"of another member":     `UPDATE consent_orders SET custodian = 'anhe'`,
		"one too many":          `INSERT INTO consent_orders (custodian, consent, op, attempts, due_at) SELECT custodian, consent, 'withdraw', 0, due_at FROM consent_orders`,
		"one of nothing":        `INSERT INTO consent_orders (custodian, consent, op, attempts, due_at) SELECT custodian, 'y', op, 0, due_at FROM consent_orders`,
	} {
		t.Run(name, func(t *testing.T) {
			db := cockroachtest.New(t)
			s := cockroach.NewConsents(db)
			sum := sha256.Sum256([]byte(name))
			c := consent.Consent{
				ID: consent.ID(hex.EncodeToString(sum[:])), State: consent.Pending, CreatedAt: now, Sealed: []byte("sealed"),
				Terms: consent.Terms{
					Patient: consenttest.Patient, Custodian: "donghu", Recipient: "qingshan", Purpose: consortium.Treatment,
					Kinds: []consortium.Kind{consortium.Reports}, From: now, Until: now.Add(time.Hour),
					Notice: consent.NoticeVersion, Lang: consent.Chinese,
				},
			}
			entry := logbook.Entry{
				ID: uuid.NewString(), Kind: tlog.KindConsent, Leaf: tlog.NewLeaf(tlog.KindConsent, now, tlog.Hash{1}), At: now,
			}
			if err := s.Add(t.Context(), c, entry); err != nil {
				t.Fatal(err)
			}
			exec(t, db, statement)
			var orders []consent.Order
			for i := range 3 { // what was made up is dropped when it is claimed
				got, err := s.Claim(t.Context(), "donghu", now.Add(time.Duration(i)*time.Second), time.Minute, 10)
				if err != nil {
					t.Fatal(err)
				}
				orders = append(orders, got...)
			}
			if len(orders) != 1 || orders[0].ID != c.ID || orders[0].Op != consent.OpGrant {
				t.Errorf("claimed %+v, want the grant and nothing else", orders)
			}
		})
	}
}
