package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

const donghu, qingshan = consortium.OrgID("donghu"), consortium.OrgID("qingshan")

// load runs do at once in many goroutines until the time is over or one fails. It returns how often it was done and how
// long that took, the last ones' ends included.
func (b *bench) load(
	ctx context.Context, clients int, do func(ctx context.Context, n int64) error,
) (int64, time.Duration, error) {
	var started, done atomic.Int64
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	begin := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(begin) < b.each && ctx.Err() == nil && failure.Load() == nil {
				if err := do(ctx, started.Add(1)-1); err != nil {
					failure.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return 0, 0, *err
	}
	return done.Load(), time.Since(begin), ctx.Err()
}

// errDry says that a load used up what was prepared for it.
var errDry = errors.New("more was asked for than was prepared: raise the number prepared")

// bundles is how many people's courses are made before the intake is measured; each is sent once.
const bundles = 1500

// intake sends people's courses as transaction bundles and counts resources until all of them are witnessed and
// published.
func (b *bench) intake(ctx context.Context) error {
	made := make([][]byte, bundles)
	generator := people.New(uint64(time.Now().UnixNano()), time.Now())
	for i := range made {
		made[i] = generator.Patient().Bundle
	}
	system, err := b.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	// The doctors who stand in every bundle are made once, by conditional creates, before many ask for them at once.
	warm := people.New(1, time.Now())
	for range 24 {
		if _, err := system.Bundle(ctx, warm.Patient().Bundle); err != nil {
			return err
		}
	}
	var records atomic.Int64
	begin := time.Now()
	sent, _, err := b.load(ctx, b.clients, func(ctx context.Context, n int64) error {
		if n >= bundles {
			return errDry
		}
		stored, err := system.Bundle(ctx, made[n])
		records.Add(int64(len(stored)))
		return err
	})
	if err != nil {
		return err
	}
	acknowledged := time.Since(begin)
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if _, err := system.WaitWitnessed(waiting); err != nil {
		return err
	}
	took := time.Since(begin)
	b.intakeRate = float64(records.Load()) / took.Seconds()
	b.add(
		"FHIR bundles, until witnessed", fmt.Sprintf("%.0f records/s", b.intakeRate),
		"%d resources in %d bundles, %d clients; acknowledged after %.1f s, all witnessed %.1f s later; %s", records.Load(),
		sent, b.clients, acknowledged.Seconds(), (took - acknowledged).Seconds(), beside(b.intakeRate, unbound.bundles),
	)
	return nil
}

// creates sends single resources on many patients in turn, as a hospital's systems do.
func (b *bench) creates(ctx context.Context) error {
	system, err := b.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	bodies := make([][]byte, persons)
	for i := range bodies {
		patient, err := b.patient(ctx, system)
		if err != nil {
			return err
		}
		bodies[i] = fmt.Appendf(
			nil,
			`{"resourceType":"Observation","status":"final","code":{"text":"体温"},"subject":{"reference":"Patient/%s"},
			"effectiveDateTime":%q,"valueQuantity":{"value":36.6,"unit":"℃","system":"http://unitsofmeasure.org","code":"Cel"}}`,
			patient,
			time.Now().UTC().Format(time.RFC3339),
		)
	}
	n, took, err := b.load(ctx, b.clients, func(ctx context.Context, n int64) error {
		_, err := system.Create(ctx, "Observation", bodies[n%persons])
		return err
	})
	if err != nil {
		return err
	}
	b.add(
		"single creates", fmt.Sprintf("%.0f records/s", float64(n)/took.Seconds()),
		"POST /fhir/Observation, durable before the answer; %d clients, %d patients; %s", b.clients, persons,
		beside(float64(n)/took.Seconds(), unbound.creates),
	)
	return nil
}

// patient makes one more person in current care and returns the Patient's id; their other records are kept for reading.
func (b *bench) patient(ctx context.Context, system *journey.Client) (string, error) {
	stored, err := system.Bundle(ctx, people.New(uint64(time.Now().UnixNano()), time.Now()).Patient().Bundle)
	if err != nil {
		return "", err
	}
	b.readable = stored
	for _, s := range stored {
		if s.Type == "Patient" {
			return s.ID, nil
		}
	}
	return "", errors.New("the course has no Patient")
}

// persons is how many patients' records are written or read in turn. Every reading adds to the patient's chained access
// log and every writing to what is held on the patient, so those on one patient wait for one another.
const persons = 64

// reads lets a doctor read single records: each is decided, decrypted and logged.
func (b *bench) reads(ctx context.Context) error {
	system, err := b.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	var all [][]journey.Stored
	for range persons {
		if _, err := b.patient(ctx, system); err != nil {
			return err
		}
		var clinical []journey.Stored
		for _, s := range b.readable {
			if s.Type == "Observation" || s.Type == "DiagnosticReport" {
				clinical = append(clinical, s)
			}
		}
		all = append(all, clinical)
	}
	doctor, err := b.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	n, took, err := b.load(ctx, b.clients, func(ctx context.Context, n int64) error {
		of := all[n%persons]
		s := of[n/persons%int64(len(of))]
		_, err := doctor.Read(ctx, s.Type, s.ID)
		return err
	})
	if err != nil {
		return err
	}
	b.add(
		"reads", fmt.Sprintf("%.0f records/s", float64(n)/took.Seconds()),
		"GET by a doctor: facts, policy, decryption, chained access entry; %d clients, %d patients; %s", b.clients,
		persons, beside(float64(n)/took.Seconds(), unbound.reads),
	)
	return nil
}

// unbound are the figures of docs/performance.md from before rows were bound, in records/s, on two quiet cores.
var unbound = struct{ bundles, creates, reads float64 }{bundles: 3555, creates: 450, reads: 660}

// beside says what binding rows costs: the figure of now against the one from before. Only a quiet machine of the same
// kind makes it mean something.
func beside(now, before float64) string {
	return fmt.Sprintf("before rows were bound %.0f/s, now %.2f of it", before, now/before)
}
