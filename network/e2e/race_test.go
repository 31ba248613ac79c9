package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// TestConcurrentGrantAndWithdraw sends one grant several times and its withdrawal several times, all at once, while the
// other hospital asks without pause. From the first answered withdrawal on nothing may be released, whatever order the
// rest took, and the ledger must end with the withdrawal, or never have seen the grant.
func TestConcurrentGrantAndWithdraw(t *testing.T) {
	ctx := within(t, 3*time.Minute)
	ask := atQingshan(t, ctx)
	person, doctor := as(t, donghu, consortium.RolePatient, "wang-xiulan"), as(t, qingshan, consortium.RoleClinician, "")
	for round := range 5 {
		draft, err := person.DraftConsent(
			ctx,
			journey.Choice{
				Recipient: qingshan,
				Purpose:   consortium.Treatment,
				Kinds:     ask.Kinds,
				Until:     time.Now().Add(time.Hour),
				Lang:      "zh",
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := journey.SignConsent(draft)
		if err != nil {
			t.Fatal(err)
		}
		id := string(signed.Statement.Consent)
		var withdrawn atomic.Bool
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if _, err := person.SendConsent(ctx, signed); err != nil {
					fine(t, "grant", err, http.StatusConflict)
				}
			})
			wg.Go(func() {
				time.Sleep(time.Duration(i*round) * 10 * time.Millisecond)
				_, err := person.Withdraw(ctx, id)
				if err == nil {
					withdrawn.Store(true)
					return
				}
				fine(t, "withdrawal", err, http.StatusNotFound)
			})
			wg.Go(func() {
				for range 10 {
					before := withdrawn.Load()
					_, err := doctor.Release(ctx, ask)
					if err == nil && before {
						t.Error("released after a withdrawal was answered")
					}
					if err != nil {
						fine(t, "release", err, http.StatusForbidden)
					}
				}
			})
		}
		wg.Wait()
		if !withdrawn.Load() { // every withdrawal came before the grant
			if _, err := person.Withdraw(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := doctor.Release(ctx, ask); err == nil {
			t.Error("released after the withdrawal")
		}
		endsWithdrawn(t, ctx, person, id)
	}
}

// endsWithdrawn waits until the ledger has the withdrawal too, or lets three seconds show that it never gets the grant.
func endsWithdrawn(t *testing.T, ctx context.Context, person *journey.Client, id string) {
	t.Helper()
	absent := time.Now().Add(3 * time.Second)
	for {
		k, err := person.Consent(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if k.State != consent.Withdrawn || k.Counts {
			t.Fatalf("consent is %s, counts: %v", k.State, k.Counts)
		}
		if k.Ledger != nil && (k.Ledger.State == "withdrawn" || k.Ledger.State == "absent" && time.Now().After(absent)) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// fine wants an error to be a clear refusal with one of the statuses.
func fine(t *testing.T, what string, err error, statuses ...int) {
	var refused *journey.Refused
	if errors.As(err, &refused) && refused.Code != "" {
		for _, status := range statuses {
			if refused.Status == status {
				return
			}
		}
	}
	t.Errorf("%s: %v", what, err)
}

// atQingshan returns 王秀兰 records at Donghu and a visit at Qingshan, and what to ask for.
func atQingshan(t *testing.T, ctx context.Context) journey.Ask {
	t.Helper()
	bundle := people.Demo(time.Now())[0].Bundle
	for _, org := range []consortium.OrgID{donghu, qingshan} {
		if _, err := as(t, org, consortium.RoleSystem, "").Bundle(ctx, bundle); err != nil {
			t.Fatal(err)
		}
	}
	found, err := as(t, qingshan, consortium.RoleClinician, "").FindPatient(ctx, people.IDCardSystem, people.WangXiulanID)
	if err != nil {
		t.Fatal(err)
	}
	return journey.Ask{
		Patient:   found.Patient,
		Custodian: donghu,
		Purpose:   consortium.Treatment,
		Kinds:     []consortium.Kind{consortium.Medications},
	}
}

// TestConcurrentConditionalCreates lets many senders create the same practitioner at once unless it exists, and one
// more afterwards. They must agree on one, and nobody may be locked out by what the race left behind.
func TestConcurrentConditionalCreates(t *testing.T) {
	ctx := within(t, time.Minute)
	system := as(t, donghu, consortium.RoleSystem, "")
	number := fmt.Sprintf("R%d", time.Now().UnixNano())
	bundle := fmt.Appendf(
		nil,
		`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Practitioner","ifNoneExist":"identifier=urn:yilian:test:staff|%s"},
		"resource":{"resourceType":"Practitioner","identifier":[{"system":"urn:yilian:test:staff","value":%q}]}}]}`,
		number,
		number,
	)
	ids := make([]string, 9)
	send := func(i int) {
		stored, err := system.Bundle(ctx, bundle)
		if err != nil {
			t.Errorf("sender %d: %v", i, err)
			return
		}
		ids[i] = stored[0].ID
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { send(i) })
	}
	wg.Wait()
	send(8)
	for i, id := range ids {
		if id != ids[8] {
			t.Errorf("sender %d got %q, the last one %q", i, id, ids[8])
		}
	}
}
