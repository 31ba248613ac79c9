package release_test

import (
	"context"
	"errors"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

// obliged ties what a policy says to obligations.
type obliged struct {
	*policy
	obligations []consortium.Obligation
}

func (o obliged) Decide(ctx context.Context, q consortium.Query) (consortium.Decision, error) {
	d, err := o.policy.Decide(ctx, q)
	d.Obligations = o.obligations
	return d, err
}

func (p *pair) oblige(codes ...consortium.ObligationCode) {
	o := obliged{policy: p.holdPol}
	for _, c := range codes {
		o.obligations = append(o.obligations, consortium.Obligation{Code: c})
	}
	p.holder.Decider = o
}

// TestObligationsOfAReleaseTravelWithIt: what the rules tie a release to is known and reaches the recipient.
func TestObligationsOfAReleaseTravelWithIt(t *testing.T) {
	p := newPair(always(true))
	p.oblige(consortium.OnlyKinds, consortium.Receipt, consortium.NoOnward)
	res, err := p.ask()
	if err != nil || len(res.Records) != 1 || len(res.Decision.Obligations) != 3 {
		t.Fatalf("got %d records under %v, %v", len(res.Records), res.Decision.Obligations, err)
	}
}

// TestOnlyDecidedKindsOfTheOwnPatientLeave is the effect of ONLY_KINDS, and of NO_ONWARD: what another member released
// to this one is not this one's to hand on.
func TestOnlyDecidedKindsOfTheOwnPatientLeave(t *testing.T) {
	for name, change := range map[string]func(*exchange.Version){
		"a kind that was not decided on":    func(v *exchange.Version) { v.Kind = consortium.Medications },
		"a record of another member":        func(v *exchange.Version) { v.Ref.Org = "anhe" },
		"a record of the asking member":     func(v *exchange.Version) { v.Ref.Org = "qingshan" },
		"a record of another patient":       func(v *exchange.Version) { v.Patient = "another" },
		"a record that belongs to nobody":   func(v *exchange.Version) { v.Ref.Org = "" },
		"a record that says no kind at all": func(v *exchange.Version) { v.Kind = "" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(always(true))
			p.oblige(consortium.OnlyKinds, consortium.NoOnward)
			wrong := p.holdMem.records[0]
			change(&wrong)
			p.holdMem.records = append(p.holdMem.records, wrong)
			res, err := p.ask()
			if fault.Of(err).Code != release.CodeReleaseBeyondDecision || len(res.Records) != 0 ||
				len(p.holdMem.released()) != 0 || len(p.askerMem.received()) != 0 {
				t.Fatalf("%d records, %v", len(res.Records), err)
			}
		})
	}
}

// TestWhatWasReceivedIsNeverReleasedOnward lets a member that received a copy be asked for it by a third.
func TestWhatWasReceivedIsNeverReleasedOnward(t *testing.T) {
	p := newPair(always(true))
	p.oblige(consortium.NoOnward)
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	next := newPair(always(true))
	next.holdMem.records = res.Records
	next.holder.Org = "anhe"
	keys := newKeys("qingshan", "donghu", "anhe")
	next.holder.Envelope, next.asker.Envelope = signed{"anhe", keys}, signed{"qingshan", keys}
	onward, err := next.asker.Ask(
		context.Background(), doctor, consortium.Treatment, patient, "anhe", []consortium.Kind{consortium.Observations},
	)
	if fault.Of(err).Code != release.CodeReleaseBeyondDecision || len(onward.Records) != 0 {
		t.Fatalf("%d records were handed on, %v", len(onward.Records), err)
	}
}

// noReceipt is a store that cannot log the receipt.
type noReceipt struct{ *memory }

func (noReceipt) SaveReceived(context.Context, consortium.OrgID, release.Received) error {
	return errors.New("disk full")
}

// TestNothingIsShownWithoutAReceipt is the effect of RECEIPT.
func TestNothingIsShownWithoutAReceipt(t *testing.T) {
	p := newPair(always(true))
	p.oblige(consortium.Receipt)
	p.asker.Store = noReceipt{p.askerMem}
	if res, err := p.ask(); err == nil || len(res.Records) != 0 {
		t.Fatalf("%d records are shown, %v", len(res.Records), err)
	}
}

// TestCopyUnderAnUnknownObligationIsRefused: neither kept nor shown.
func TestCopyUnderAnUnknownObligationIsRefused(t *testing.T) {
	for _, code := range []consortium.ObligationCode{"WATERMARK", "receipt"} {
		p := newPair(always(true))
		p.oblige(consortium.Receipt, code)
		res, err := p.ask()
		if fault.Of(err).Code != release.CodeObligationUnknown || len(res.Records) != 0 || len(p.askerMem.received()) != 0 {
			t.Errorf("%s: %d records, %v", code, len(res.Records), err)
		}
	}
}
