package cockroach_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/consent/policy"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
	"yilian.example/gateway/internal/keyring"
)

// unsigned stands in for signatures, which are not what these tests are about.
type unsigned struct{}

func (unsigned) Sign(_ string, payload []byte) ([]byte, error) { return payload, nil }
func (unsigned) Open(_ consortium.OrgID, _ string, message []byte) ([]byte, error) {
	return message, nil
}

// process is one of several gateway processes of one custodian on one database.
type process struct {
	releases *release.Answering
	consents *consent.Consents
	carrier  *consent.Carrier
	store    *cockroach.Consents
}

func newProcess(
	t *testing.T, db *cockroach.DB, keys config.Keys, rules consent.Policy, chain *consenttest.Ledger,
) *process {
	t.Helper()
	kept := newRecords(t, db, "donghu", keys)
	kept.Now = time.Now
	ring := kept.Keys.(*keyring.Ring)
	book, quiet := logbook.Book{Org: "donghu", Rand: rand.Reader}, slog.New(slog.DiscardHandler)
	store := cockroach.NewConsents(db)
	return &process{
		store: store,
		consents: &consent.Consents{
			Org: "donghu", Members: consenttest.Members{}, People: consenttest.Born(time.Now().AddDate(-40, 0, 0)), Keys: ring,
			Store: store, Now: time.Now, Book: book,
		},
		carrier: &consent.Carrier{
			Org: "donghu", Store: store, Outbox: store, Ledger: chain, Keys: ring, Now: time.Now, Book: book, Logger: quiet,
		},
		releases: &release.Answering{
			Org: "donghu", Envelope: unsigned{}, Book: book, Records: kept, Holder: kept, Sealer: ring,
			// Without the ledger's help: what the database says decides.
			Decider: &consent.Decider{Org: "donghu", Care: db, Consents: store, Keys: ring, Policy: rules, Logger: quiet},
			Store:   lastStep{cockroach.NewReleases(db)}, Places: db.Log("donghu").Places, Now: time.Now, Fresh: time.Hour,
			Knows: func(ctx context.Context, patient consortium.PatientRef) (bool, error) {
				return db.KnowsPatient(ctx, "donghu", patient)
			},
			Suspended: func(context.Context) (bool, error) { return false, nil },
		},
	}
}

// lastStep notes when the last step of an answer began: all that could wait, but for that step, was before.
type lastStep struct{ *cockroach.Releases }

type lastStepKey struct{}

func (l lastStep) SaveRelease(ctx context.Context, org consortium.OrgID, h release.HandedOver) error {
	*ctx.Value(lastStepKey{}).(*time.Time) = time.Now()
	return l.Releases.SaveRelease(ctx, org, h)
}

// ask notes what left the custodian. Records count from the beginning of the last step: that the asking began before a
// withdrawal excuses nothing.
func (h *process) ask(ctx context.Context, t *testing.T, patient consortium.PatientRef, client int, into *history) {
	begin := time.Now()
	last := begin
	output := h.answer(context.WithValue(ctx, lastStepKey{}, &last), t, patient)
	end := time.Now()
	if output == "records" {
		begin = last
	}
	into.mu.Lock()
	defer into.mu.Unlock()
	into.ops = append(into.ops, porcupine.Operation{
		ClientId: client, Input: "ask", Output: output, Call: begin.Sub(into.start).Nanoseconds(), Return: end.Sub(into.start).Nanoseconds(),
	})
}

// answer returns what left the custodian.
func (h *process) answer(ctx context.Context, t *testing.T, patient consortium.PatientRef) string {
	payload, err := json.Marshal(release.Request{
		Version: 1, ID: uuid.NewString(), From: "qingshan", To: "donghu",
		Actor:   consortium.Actor{ID: "d-1", Org: "qingshan", Role: consortium.RoleClinician},
		Purpose: consortium.Treatment, Patient: patient, Kinds: []consortium.Kind{consortium.Observations}, Time: time.Now().UTC(),
	})
	if err != nil {
		t.Error(err)
	}
	message, err := h.releases.Answer(ctx, "qingshan", payload)
	if err != nil {
		t.Errorf("answer: %v", err)
		return "error"
	}
	var reply release.Reply
	if err := json.Unmarshal(message, &reply); err != nil {
		t.Errorf("read reply: %v", err)
	}
	if len(reply.Records) > 0 {
		return "records"
	}
	return "nothing"
}

// grant returns once the consent counts.
func (h *process) grant(ctx context.Context, t *testing.T, patient consortium.Actor) consent.ID {
	draft, err := h.consents.Draft(ctx, patient, consent.Choice{
		Recipient: "qingshan", Purpose: consortium.Treatment, Kinds: []consortium.Kind{consortium.Observations},
		Until: time.Now().Add(time.Hour), Lang: consent.Chinese,
	})
	if err != nil {
		t.Errorf("draft: %v", err)
		return ""
	}
	c, err := h.consents.Grant(ctx, patient, consenttest.Sign(t, draft))
	if err != nil {
		t.Errorf("grant: %v", err)
		return ""
	}
	for ctx.Err() == nil {
		if _, err := h.carrier.Step(ctx); err != nil {
			t.Errorf("carry: %v", err)
			return ""
		}
		now, err := h.store.One(ctx, "donghu", c.ID)
		if err != nil {
			t.Errorf("look at the consent: %v", err)
			return ""
		}
		if now.State == consent.Granted {
			return c.ID
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the consent was not carried in time")
	return ""
}

// TestAWithdrawalIsAnsweredAfterAReleaseThatIsBeingKept holds a release up between the look at its consent and its
// commit: the withdrawal at another process waits for it, so that no record leaves after its answer.
func TestAWithdrawalIsAnsweredAfterAReleaseThatIsBeingKept(t *testing.T) {
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, keys, chain := cockroachtest.New(t), keyFiles(t), consenttest.NewLedger(time.Now)
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := newProcess(t, first.OpenHeld(t, func(sql string) {
		if strings.Contains(sql, "INTO releases ") {
			once.Do(func() { close(reached); <-goOn })
		}
	}), keys, rules, chain)
	other := newProcess(t, openAgain(t, first), keys, rules, chain)
	patient := consenttest.Self
	patient.Patient = patientRef(1)
	mustStore(t, newRecords(t, first, "donghu", keys), observation(patient.Patient, "o1", 1, "x"))
	id := other.grant(t.Context(), t, patient)

	left, withdrawn := make(chan string, 1), make(chan error, 1)
	go func() {
		var last time.Time
		left <- slow.answer(context.WithValue(t.Context(), lastStepKey{}, &last), t, patient.Patient)
	}()
	<-reached
	go func() {
		_, err := other.consents.Withdraw(t.Context(), patient, id)
		withdrawn <- err
	}()
	select {
	case err := <-withdrawn:
		t.Errorf("the withdrawal was answered (%v) while a release was on its way", err)
		withdrawn <- err
	case <-time.After(300 * time.Millisecond):
	}
	close(goOn)
	if got := <-left; got != "records" {
		t.Errorf("what was decided before the withdrawal answered %s", got)
	}
	if err := <-withdrawn; err != nil {
		t.Errorf("withdraw: %v", err)
	}
	var last time.Time
	if got := slow.answer(context.WithValue(t.Context(), lastStepKey{}, &last), t, patient.Patient); got != "nothing" {
		t.Errorf("after the withdrawal %s left", got)
	}
}

// releaseModel is what a patient expects: records leave while a consent is granted and at no other time.
var releaseModel = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		switch input {
		case "grant":
			return true, true
		case "withdraw":
			return true, false
		}
		return (output == "records") == state.(bool) && output != "error", state
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " -> ", output) },
}

// TestNoReleaseLeavesAfterAWithdrawalWasAnswered has three gateway processes of one custodian, each held up for a
// random while before every statement and commit, and 24 clients on three patients: of each, one grants and withdraws
// again and again and seven ask. What left must fit one order of events, by the real times at which calls began and
// ended.
func TestNoReleaseLeavesAfterAWithdrawalWasAnswered(t *testing.T) {
	const patients, askers, lasts = 3, 7, 3 * time.Second
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, keys, chain := cockroachtest.New(t), keyFiles(t), consenttest.NewLedger(time.Now)
	var processes []*process
	for range 3 {
		db := first.OpenHeld(t, func(string) { time.Sleep(mathrand.N(2 * time.Millisecond)) })
		processes = append(processes, newProcess(t, db, keys, rules, chain))
	}
	setUp := newRecords(t, first, "donghu", keys)
	for n := range patients {
		mustStore(t, setUp, observation(patientRef(n), fmt.Sprintf("o%d", n), 1, "x"))
	}
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	var running sync.WaitGroup
	histories := make([]*history, patients)
	for n := range patients {
		h := &history{start: time.Now()}
		histories[n] = h
		over := func() bool { return ctx.Err() != nil || time.Since(h.start) > lasts && met(h.outcomes()) }
		running.Go(func() { changeMinds(ctx, t, processes, patientRef(n), h, over) })
		for a := range askers {
			running.Go(func() {
				for i := a; !over(); i++ {
					processes[i%3].ask(ctx, t, patientRef(n), a+1, h)
				}
			})
		}
	}
	running.Wait()
	for n, h := range histories {
		checkReleases(t, n, h)
	}
}

// changeMinds grants and withdraws, each time at another process.
func changeMinds(
	ctx context.Context, t *testing.T, processes []*process, ref consortium.PatientRef, h *history, over func() bool,
) {
	patient := consenttest.Self
	patient.Patient = ref
	for i := 0; !over(); i++ {
		var id consent.ID
		h.record(0, "grant", func() string { id = processes[i%3].grant(ctx, t, patient); return "ok" })
		time.Sleep(mathrand.N(200 * time.Millisecond))
		h.record(0, "withdraw", func() string {
			if _, err := processes[(i+1)%3].consents.Withdraw(ctx, patient, id); err != nil {
				t.Errorf("withdraw: %v", err)
			}
			return "ok"
		})
		time.Sleep(mathrand.N(60 * time.Millisecond))
	}
}

// outcomes counts what was seen so far.
func (h *history) outcomes() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]int{}
	for _, op := range h.ops {
		seen[fmt.Sprint(op.Input, " -> ", op.Output)]++
	}
	return seen
}

// met says that a history has all that is interesting.
func met(seen map[string]int) bool {
	return seen["ask -> records"] > 2 && seen["ask -> nothing"] > 2 && seen["withdraw -> ok"] > 2
}

func checkReleases(t *testing.T, n int, h *history) {
	t.Helper()
	seen := h.outcomes()
	t.Logf("patient %d: %v", n, seen)
	if !met(seen) {
		t.Errorf("patient %d never met the interesting states: %v", n, seen)
	}
	if result := porcupine.CheckOperationsTimeout(releaseModel, h.ops, 30*time.Second); result != porcupine.Ok {
		for _, op := range h.ops {
			t.Logf("%10d-%10d ns %v -> %v", op.Call, op.Return, op.Input, op.Output)
		}
		t.Errorf("patient %d: no order of events explains what left: %v", n, result)
	}
}
