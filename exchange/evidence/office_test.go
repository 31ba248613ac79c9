package evidence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
)

// desk shows a scene's record to a doctor, and has it as a copy that came.
type desk struct {
	*scene
	index *int64
}

var errDenied = errors.New("denied")

func (d desk) Read(
	_ context.Context, actor consortium.Actor, _ consortium.Purpose, ref exchange.RecordRef, _ int,
) (exchange.Version, error) {
	if actor.Role != consortium.RoleClinician || ref != d.version.Ref {
		return exchange.Version{}, errDenied
	}
	return d.version, nil
}

func (d desk) copy(_ context.Context, actor consortium.Actor, _, typ, id string) (evidence.Copy, error) {
	if actor.Role != consortium.RoleClinician || typ != d.version.Ref.Type || id != d.version.Ref.ID {
		return evidence.Copy{}, errDenied
	}
	return evidence.Copy{Custodian: "donghu", Version: d.version, Index: d.index}, nil
}

func newOffice(t *testing.T, s *scene, index *int64) *evidence.Office {
	d := desk{s, index}
	return &evidence.Office{
		Org: "donghu", Records: d, Copies: d.copy, Roots: s.roots, Options: options(),
		Own: &evidence.Builder{Log: logPort{scene: s}, Ledger: &ledgerPort{t: t, scene: s}, Origin: origin, Now: time.Now},
		Foreign: func(custodian consortium.OrgID) (evidence.Tiles, string) {
			return logPort{scene: s}, consortium.LogOrigin(custodian, "yilian.example")
		},
	}
}

func TestOfficeShowsARecordOnlyThroughTheDoorOfAllReading(t *testing.T) {
	s := newScene(t)
	o, doctor := newOffice(t, s, &s.index), consortium.Actor{Role: consortium.RoleClinician}
	makes := map[string]func(consortium.Actor) ([]byte, error){
		"own": func(a consortium.Actor) ([]byte, error) {
			return o.Evidence(t.Context(), a, consortium.Treatment, "Observation", "a1b2")
		},
		"received": func(a consortium.Actor) ([]byte, error) {
			return o.ReceivedEvidence(t.Context(), a, "release", "Observation", "a1b2")
		},
	}
	for name, file := range makes {
		data, err := file(doctor)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r, err := o.Verify(data); err != nil || !r.OK {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if _, err := file(consortium.Actor{Role: consortium.RoleAuditor}); !errors.Is(err, errDenied) {
			t.Errorf("%s to one who may not read: %v", name, err)
		}
	}
}

func TestOfficeProvesNothingAtAPlaceThatIsNotTheRecords(t *testing.T) {
	s := newScene(t)
	doctor := consortium.Actor{Role: consortium.RoleClinician}
	wrong := s.index + 1
	for code, index := range map[fault.Code]*int64{evidence.CodeNotWitnessed: nil, evidence.CodeRecordAltered: &wrong} {
		_, err := newOffice(t, s, index).ReceivedEvidence(t.Context(), doctor, "release", "Observation", "a1b2")
		if fault.Of(err).Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}
