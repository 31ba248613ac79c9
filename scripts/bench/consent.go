package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"yilian.example/consent"
	"yilian.example/consent/policy"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// rounds is how often a withdrawal is timed.
const rounds = 5

// withdrawal times from sending a withdrawal to the first refusal that another hospital gets, while that hospital asks
// without pause.
func (b *bench) withdrawal(ctx context.Context) error {
	ask, err := b.prepareRelease(ctx)
	if err != nil {
		return err
	}
	person, err := b.consortium.As(donghu, consortium.RolePatient, "wang-xiulan")
	if err != nil {
		return err
	}
	doctor, err := b.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	var times []time.Duration
	for range rounds {
		granted, err := person.Grant(ctx, journey.Choice{
			Recipient: qingshan, Purpose: consortium.Treatment, Kinds: ask.Kinds, Until: time.Now().Add(time.Hour), Lang: "en",
		})
		if err != nil {
			return err
		}
		if _, err := doctor.Release(ctx, ask); err != nil {
			return fmt.Errorf("before the withdrawal: %w", err)
		}
		refused := make(chan time.Time, 1)
		go func() { refused <- firstRefusal(ctx, doctor, ask) }()
		start := time.Now()
		if _, err := person.Withdraw(ctx, granted.ID); err != nil {
			return err
		}
		at := <-refused
		if at.IsZero() {
			return errors.New("no refusal came")
		}
		times = append(times, at.Sub(start))
	}
	slices.Sort(times)
	b.add(
		"withdrawal to first refusal",
		fmt.Sprintf("%.0f ms", ms(times[rounds/2])),
		"median of %d, from the patient's click to the refusal at the other hospital, which asks without pause; worst "+
			"%.0f ms",
		rounds,
		ms(times[rounds-1]),
	)
	return nil
}

func firstRefusal(ctx context.Context, doctor *journey.Client, ask journey.Ask) time.Time {
	for ctx.Err() == nil {
		_, err := doctor.Release(ctx, ask)
		var refused *journey.Refused
		if errors.As(err, &refused) && refused.Has("CONSENT_WITHDRAWN") {
			return time.Now()
		}
	}
	return time.Time{}
}

// prepareRelease returns 王秀兰 records at Donghu and a visit at Qingshan.
func (b *bench) prepareRelease(ctx context.Context) (journey.Ask, error) {
	bundle := people.Demo(time.Now())[0].Bundle
	for _, org := range []consortium.OrgID{donghu, qingshan} {
		system, err := b.consortium.As(org, consortium.RoleSystem, "")
		if err != nil {
			return journey.Ask{}, err
		}
		if _, err := system.Bundle(ctx, bundle); err != nil {
			return journey.Ask{}, err
		}
	}
	doctor, err := b.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return journey.Ask{}, err
	}
	found, err := doctor.FindPatient(ctx, people.IDCardSystem, people.WangXiulanID)
	if err != nil {
		return journey.Ask{}, err
	}
	return journey.Ask{
		Patient:   found.Patient,
		Custodian: donghu,
		Purpose:   consortium.Treatment,
		Kinds:     []consortium.Kind{consortium.Medications},
	}, nil
}

// policy times one decision on a release, with its facts at hand.
func (b *bench) policy(ctx context.Context) error {
	engine, err := policy.New(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	patient := consortium.NewPatientRef(make([]byte, 32), "urn:bench", "1")
	in := consent.Input{
		Org: donghu,
		Query: consortium.Query{
			Actor: consortium.Actor{
				ID:   "he-min",
				Org:  qingshan,
				Role: consortium.RoleClinician,
			}, Purpose: consortium.Treatment, Action: consortium.ActionRelease,
			Custodian: donghu, Patient: patient, Kinds: []consortium.Kind{consortium.Observations, consortium.Reports},
			Time: now,
		},
		Facts: consent.Facts{Consents: []consent.Fact{{
			ID: "0123", State: consent.Granted,
			Terms: consent.Terms{
				Patient: patient, Custodian: donghu, Recipient: qingshan, Purpose: consortium.Treatment,
				Kinds: []consortium.Kind{
					consortium.Observations,
					consortium.Reports,
				}, From: now.Add(-time.Hour), Until: now.Add(time.Hour),
			},
		}}},
	}
	decision, err := engine.Evaluate(ctx, in)
	if err != nil {
		return err
	}
	if !decision.Allow {
		return fmt.Errorf("the decision measured is a refusal: %v", decision.Reasons)
	}
	result := testing.Benchmark(func(t *testing.B) {
		for t.Loop() {
			if _, err := engine.Evaluate(ctx, in); err != nil {
				t.Fatal(err)
			}
		}
	})
	b.add(
		"policy decision", fmt.Sprintf("%d ns/op", result.NsPerOp()),
		"release under one consent, facts at hand, one core; %d runs", result.N,
	)
	return nil
}

// evidence times building one file, over HTTP, and verifying it, offline.
func (b *bench) evidence(ctx context.Context) error {
	system, err := b.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := system.WaitWitnessed(waiting); err != nil {
		return err
	}
	s := b.readable[0]
	var file []byte
	var building []time.Duration
	for range 21 {
		start := time.Now()
		if file, err = system.Evidence(ctx, s.Type, s.ID); err != nil {
			return err
		}
		building = append(building, time.Since(start))
	}
	slices.Sort(building)
	roots, err := b.roots()
	if err != nil {
		return err
	}
	opts := evidence.Options{
		Quorum: 3, Chaincode: "yilian", Domain: b.consortium.Members[donghu].Config.Domain,
	}
	failed := error(nil)
	result := testing.Benchmark(func(t *testing.B) {
		for t.Loop() {
			report, err := evidence.Verify(file, roots, opts)
			if err != nil || !report.OK {
				failed = errors.New("the evidence does not verify")
				t.FailNow()
			}
		}
	})
	if failed != nil {
		return failed
	}
	b.add(
		"evidence, verifying", fmt.Sprintf("%.2f ms", float64(result.NsPerOp())/1e6),
		"offline, %d bytes, four members' endorsements, one core", len(file),
	)
	b.add(
		"evidence, building", fmt.Sprintf("%.0f ms", ms(building[len(building)/2])),
		"median of %d over HTTP, with a signed read of the ledger endorsed by all members' peers", len(building),
	)
	return nil
}

func (b *bench) roots() (evidence.Roots, error) {
	files := map[string][]byte{}
	for _, m := range b.consortium.Members[donghu].Config.Members {
		content, err := os.ReadFile(m.LedgerCA)
		if err != nil {
			return nil, err
		}
		files[m.ID] = content
	}
	return evidence.ParseRoots(files)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
