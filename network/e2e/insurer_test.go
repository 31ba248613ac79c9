package e2e

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// TestInsurerReadsWhatThePatientInvitedItTo grants an insurer some kinds for a claim: its assessor finds the patient,
// gets those kinds and no others, can prove what came, and loses sight of it when the patient withdraws.
func TestInsurerReadsWhatThePatientInvitedItTo(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	person := people.Demo(time.Now())[0]
	if _, err := as(t, donghu, consortium.RoleSystem, "").Bundle(ctx, person.Bundle); err != nil {
		t.Fatal(err)
	}
	if _, err := as(t, donghu, consortium.RoleSystem, "").WaitWitnessed(ctx); err != nil {
		t.Fatal(err)
	}
	assessor, patient := as(t, anhe, consortium.RoleAssessor, ""), as(t, donghu, consortium.RolePatient, person.Identifier)
	wantCode := func(what string, err error, code string) {
		t.Helper()
		var refused *journey.Refused
		if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || !refused.Has(code) {
			t.Fatalf("%s: got %v, want 403 %s", what, err, code)
		}
	}
	earlier, err := patient.Consents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range earlier { // of an earlier run on the same consortium
		if k.Recipient == anhe && k.Counts {
			if _, err := patient.Withdraw(ctx, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err = assessor.FindPatient(ctx, people.IDCardSystem, person.Identifier)
	wantCode("before the invitation", err, "NOT_INVITED")

	reports := []consortium.Kind{consortium.Reports}
	granted, err := patient.Grant(ctx, journey.Choice{
		Recipient: anhe, Purpose: consortium.Payment, Kinds: reports, Until: time.Now().Add(24 * time.Hour), Lang: "zh",
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := assessor.FindPatient(ctx, people.IDCardSystem, person.Identifier)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range found.Holdings {
		if h.Org != donghu || h.Kind != consortium.Reports {
			t.Errorf("the assessor learns of %s at %s", h.Kind, h.Org)
		}
	}
	if len(found.Holdings) == 0 {
		t.Error("the assessor does not learn that there are reports")
	}
	ask := journey.Ask{Patient: found.Patient, Custodian: donghu, Purpose: consortium.Payment, Kinds: reports}
	release, err := assessor.Release(ctx, ask)
	if err != nil || len(release.Records) == 0 {
		t.Fatalf("%d records, %v", len(release.Records), err)
	}
	for _, r := range release.Records {
		if r.Kind != consortium.Reports {
			t.Errorf("a record of kind %s came", r.Kind)
		}
	}
	if _, err := assessor.ReleaseEvidence(ctx, release.ID, release.Records[0].Type, release.Records[0].ID); err != nil {
		t.Errorf("evidence of what came: %v", err)
	}
	more := ask
	more.Kinds = []consortium.Kind{consortium.Diagnoses, consortium.Reports}
	_, err = assessor.Release(ctx, more)
	wantCode("a kind that was not granted, refused by the custodian", err, "CONSENT_KIND")

	if _, err := patient.Withdraw(ctx, granted.ID); err != nil {
		t.Fatal(err)
	}
	_, err = assessor.Release(ctx, ask)
	wantCode("asking again", err, "CONSENT_WITHDRAWN")
	// The insurer has the ledger's word on the copy's consent: wait until its own peer has the withdrawal.
	for err = nil; err == nil && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		_, err = assessor.ShowRelease(ctx, release.ID)
	}
	wantCode("the copy, after the withdrawal", err, "CONSENT_WITHDRAWN")
	_, err = assessor.ReleaseEvidence(ctx, release.ID, release.Records[0].Type, release.Records[0].ID)
	wantCode("its evidence, after the withdrawal", err, "CONSENT_WITHDRAWN")
}
