package release_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
)

// held answers for a custodian that holds reports, and for one's own organisation.
type held struct {
	own     []exchange.Holding
	refusal error
}

func (h held) Holdings(context.Context, consortium.PatientRef) ([]exchange.Holding, error) {
	return h.own, nil
}

func (h held) Locate(
	context.Context, consortium.Actor, consortium.Purpose, consortium.PatientRef,
) ([]exchange.Holding, error) {
	return h.own, h.refusal
}

// wires carries questions to answering sides in memory; a member without one does not answer.
type wires map[consortium.OrgID]*release.Answering

func (w wires) CarryLocate(ctx context.Context, to consortium.OrgID, question []byte) ([]byte, error) {
	if w[to] == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return w[to].Locate(ctx, "qingshan", question)
}

func newLocating(own held, custodian func(consortium.Query) bool) (*release.Locating, *memory, *memory) {
	keys := newKeys("qingshan", "donghu", "anhe")
	asker, holder := newMemory(), newMemory()
	now := func() time.Time { return at }
	answering := &release.Answering{
		Org: "donghu", Decider: &policy{allow: custodian}, Envelope: signed{"donghu", keys}, Records: holder, Now: now,
		Fresh: time.Minute, Suspended: func(context.Context) (bool, error) { return false, nil },
		Holder: held{own: []exchange.Holding{
			{Org: "donghu", Kind: consortium.Reports, Count: 2, Latest: at},
			{Org: "donghu", Kind: consortium.Diagnoses, Count: 1, Latest: at},
		}},
	}
	return &release.Locating{
		Org: "qingshan", Members: []consortium.OrgID{"donghu", "anhe"}, Own: own, Decider: &policy{allow: always(true)},
		Envelope: signed{"qingshan", keys}, Courier: wires{"donghu": answering}, Access: asker, Now: now,
		Patience: 50 * time.Millisecond,
	}, asker, holder
}

// TestLocatingShowsWhatEachMemberLetsBeKnown: kinds that the custodian refuses are not told, a silent member is not one
// that holds nothing, and both sides log.
func TestLocatingShowsWhatEachMemberLetsBeKnown(t *testing.T) {
	reportsOnly := func(q consortium.Query) bool {
		return q.Action == consortium.ActionLocate && slices.Equal(q.Kinds, []consortium.Kind{consortium.Reports})
	}
	mine := exchange.Holding{Org: "qingshan", Kind: consortium.Encounters, Count: 1, Latest: at}
	l, asker, holder := newLocating(held{own: []exchange.Holding{mine}}, reportsOnly)
	got, err := l.Locate(t.Context(), doctor, consortium.Treatment, patient)
	want := []exchange.Holding{
		mine, {Org: "donghu", Kind: consortium.Reports, Count: 2, Latest: at}, {Org: "anhe", Unreached: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if len(asker.logged) != 1 || len(holder.logged) != 1 {
		t.Errorf("%d and %d accesses are logged, want one on each side", len(asker.logged), len(holder.logged))
	}
}

// TestLocatingTellsNobodyWhoMayNotKnow: the answer is that of a member that holds nothing.
func TestLocatingTellsNobodyWhoMayNotKnow(t *testing.T) {
	refused := exchange.NewRefused(
		consortium.Decision{Reasons: []consortium.Reason{{Code: "NOT_INVITED", Article: "PIPL 23"}}},
	)
	l, _, _ := newLocating(held{refusal: refused}, always(false))
	l.Members = []consortium.OrgID{"donghu"}
	got, err := l.Locate(t.Context(), doctor, consortium.Treatment, patient)
	var r *exchange.Refused
	if !errors.As(err, &r) || len(got) != 0 {
		t.Errorf("got %+v, %v; want the own refusal", got, err)
	}
}

// TestLocatingAsksNobodyWithoutLeave: the own policy comes first.
func TestLocatingAsksNobodyWithoutLeave(t *testing.T) {
	l, asker, holder := newLocating(held{}, always(true))
	l.Decider = &policy{allow: always(false)}
	got, err := l.Locate(t.Context(), doctor, consortium.Treatment, patient)
	if err != nil || len(got) != 0 || len(asker.logged)+len(holder.logged) != 0 {
		t.Errorf("got %+v, %v; logged %d and %d", got, err, len(asker.logged), len(holder.logged))
	}
}
