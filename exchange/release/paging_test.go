package release_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

// hold puts n results at the custodian, newest first, each with so many notes of 900 kB.
func (p *pair) hold(n, notes int) {
	p.holdMem.records = nil
	note := `{"text":"` + strings.Repeat("x", 900_000) + `"},`
	text := strings.Repeat(note, notes) + `{"text":"x"}`
	for i := range n {
		id := fmt.Sprintf("o%d", i)
		p.holdMem.records = append(p.holdMem.records, exchange.Version{
			Ref: exchange.RecordRef{Org: "donghu", Type: "Observation", ID: id}, Number: 1, Patient: patient,
			Kind: consortium.Observations, Recorded: at.Add(-time.Duration(i) * time.Second), Salt: [32]byte{7},
			Entry: uuid.NewString(),
			Content: fmt.Appendf(nil, `{"resourceType":"Observation","id":%q,"meta":{"versionId":"1"},"status":"final",`+
				`"code":{"text":"Glucose"},"note":[%s]}`, id, text),
		})
	}
	p.holder.Holder = held{own: []exchange.Holding{
		{Org: "donghu", Kind: consortium.Observations, Count: n, Latest: at},
		{Org: "donghu", Kind: consortium.Diagnoses, Count: 9, Latest: at},
	}}
}

// Whatever a patient has can be released: in parts of one message each, newest first, each decided and logged for
// itself, with what is missing said.
func TestManyRecordsComeInParts(t *testing.T) {
	for _, c := range []struct {
		name     string
		n, notes int
		parts    []int
	}{
		{"one part", 2000, 0, []int{2000}},
		{"by number", 4500, 0, []int{2000, 2000, 500}},
		{"by bytes", 3, 4, []int{2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(always(true))
			p.hold(c.n, c.notes)
			res, err := p.ask()
			next := 0
			for i, want := range c.parts {
				if err != nil {
					t.Fatalf("part %d: %v", i, err)
				}
				if len(res.Records) != want {
					t.Fatalf("part %d has %d records, want %d", i, len(res.Records), want)
				}
				for _, v := range res.Records {
					if v.Ref.ID != fmt.Sprintf("o%d", next) {
						t.Fatalf("part %d: %s where o%d follows", i, v.Ref.ID, next)
					}
					next++
				}
				last := i == len(c.parts)-1
				if held := map[bool]int{true: c.n}[len(c.parts) > 1]; res.More == last || res.Held != held {
					t.Errorf("part %d: more %v, held %d", i, res.More, res.Held)
				}
				if n := len(p.holdMem.released()); n != i+1 || len(p.holdPol.asked) != n || len(p.askerMem.received()) != n {
					t.Errorf("part %d: %d releases, %d decisions, %d receipts", i, n, len(p.holdPol.asked), len(p.askerMem.received()))
				}
				if shown, err := p.asker.Show(t.Context(), doctor, res.ID); err != nil || shown.More != res.More ||
					len(shown.Records) != want {
					t.Errorf("part %d shown again: %d records, more %v, %v", i, len(shown.Records), shown.More, err)
				}
				if !last {
					res, err = p.asker.More(t.Context(), doctor, res.ID)
				}
			}
			if _, err := p.asker.More(t.Context(), doctor, res.ID); fault.Of(err).Code != release.CodeNoMore {
				t.Errorf("more than all: %v", err)
			}
		})
	}
}

// A consent that ended between two parts ends the second.
func TestEachPartIsDecidedForItself(t *testing.T) {
	p := newPair(always(true))
	p.hold(2500, 0)
	first, err := p.ask()
	if err != nil || !first.More {
		t.Fatalf("%v, more %v", err, first.More)
	}
	p.holdPol.allow = always(false)
	second, err := p.asker.More(t.Context(), doctor, first.ID)
	if err != nil || second.Decision.Allow || len(second.Records) > 0 || second.More {
		t.Errorf("%v: allowed %v, %d records", err, second.Decision.Allow, len(second.Records))
	}
	if _, err := p.asker.More(t.Context(), stranger(), first.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else goes on with it: %v", err)
	}
}

func stranger() consortium.Actor {
	other := doctor
	other.ID = "somebody-else"
	return other
}

// What a custodian says of the order and of what follows is what can be asked for.
func TestUntruePartsAreNotUsed(t *testing.T) {
	for name, change := range map[string]func(*release.Reply){
		"out of order":      func(r *release.Reply) { r.Records[0], r.Records[1] = r.Records[1], r.Records[0] },
		"more after none":   func(r *release.Reply) { r.Records, r.More = nil, true },
		"held without more": func(r *release.Reply) { r.More, r.Held = false, 7 },
		"less than nothing": func(r *release.Reply) { r.Held = -1 },
		"more in a refusal": func(r *release.Reply) { r.Decision.Allow, r.Records = false, nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(always(true))
			p.hold(2003, 0)
			p.tamper = dishonest(t, change)
			if _, err := p.ask(); fault.Of(err).Code != release.CodeUntrusted || len(p.askerMem.received()) > 0 {
				t.Errorf("got %v, %d kept", err, len(p.askerMem.received()))
			}
		})
	}
	p := newPair(always(true))
	p.hold(2003, 0)
	first, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	p.tamper = dishonest(t, func(r *release.Reply) { r.Records[0].Recorded = at.Add(time.Hour) })
	if _, err := p.asker.More(t.Context(), doctor, first.ID); fault.Of(err).Code != release.CodeUntrusted {
		t.Errorf("a part that does not follow: %v", err)
	}
}
