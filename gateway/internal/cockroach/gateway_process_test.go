package cockroach_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	osexec "os/exec" // exec runs a statement in this package
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/consent/policy"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
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

// custodian is what of a gateway grants, withdraws and releases.
type custodian struct {
	releases *release.Answering
	consents *consent.Consents
	carrier  *consent.Carrier
	store    *cockroach.Consents
}

func newCustodian(t *testing.T, db *cockroach.DB, keys config.Keys, rules consent.Policy) *custodian {
	t.Helper()
	kept := newRecords(t, db, "donghu", keys)
	kept.Now = time.Now
	ring := kept.Keys.(*keyring.Ring)
	book, quiet := logbook.Book{Org: "donghu", Rand: rand.Reader}, slog.New(slog.DiscardHandler)
	store := cockroach.NewConsents(db)
	return &custodian{
		store: store,
		consents: &consent.Consents{
			Org: "donghu", Members: consenttest.Members{}, Keys: ring, Store: store, Now: time.Now,
			People: consenttest.Born(time.Now().AddDate(-40, 0, 0)), Book: book,
		},
		carrier: &consent.Carrier{
			Org: "donghu", Store: store, Outbox: store, Ledger: witness{consenttest.NewLedger(time.Now)}, Keys: ring,
			Now: time.Now, Book: book, Logger: quiet,
		},
		releases: &release.Answering{
			Org: "donghu", Envelope: unsigned{}, Book: book, Records: kept, Holder: kept, Sealer: ring,
			// Without the ledger's help: what the database says decides.
			Decider: &consent.Decider{Org: "donghu", Care: db, Consents: store, Keys: ring, Policy: rules, Logger: quiet},
			Store:   cockroach.NewReleases(db), Places: db.Log("donghu").Places, Now: time.Now, Fresh: time.Hour,
			Knows: func(ctx context.Context, patient consortium.PatientRef) (bool, error) {
				return db.KnowsPatient(ctx, "donghu", patient)
			},
			Suspended: func(context.Context) (bool, error) { return false, nil },
		},
	}
}

// witness is one process' part of the ledger: what another process carried to its own part is withdrawn there too by
// the time that it is looked up.
type witness struct{ *consenttest.Ledger }

func (w witness) Consent(ctx context.Context, id string) (ledger.ConsentState, error) {
	state, err := w.Ledger.Consent(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return ledger.ConsentState{Status: ledger.StatusWithdrawn}, nil
	}
	return state, err
}

// ask returns what left the custodian.
func (c *custodian) ask(ctx context.Context, t *testing.T, patient consortium.PatientRef) string {
	payload, err := json.Marshal(release.Request{
		Version: 1, ID: uuid.NewString(), From: "qingshan", To: "donghu",
		Actor:   consortium.Actor{ID: "d-1", Org: "qingshan", Role: consortium.RoleClinician},
		Purpose: consortium.Treatment, Patient: patient, Kinds: []consortium.Kind{consortium.Observations},
		Time: time.Now().UTC(),
	})
	if err != nil {
		t.Error(err)
	}
	message, err := c.releases.Answer(ctx, "qingshan", payload)
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
func (c *custodian) grant(ctx context.Context, t *testing.T, patient consortium.Actor) consent.ID {
	draft, err := c.consents.Draft(ctx, patient, consent.Choice{
		Recipient: "qingshan", Purpose: consortium.Treatment, Kinds: []consortium.Kind{consortium.Observations},
		Until: time.Now().Add(time.Hour), Lang: consent.Chinese,
	})
	if err != nil {
		t.Errorf("draft: %v", err)
		return ""
	}
	given, err := c.consents.Grant(ctx, patient, consenttest.Sign(t, draft))
	if err != nil {
		t.Errorf("grant: %v", err)
		return ""
	}
	for ctx.Err() == nil {
		if _, err := c.carrier.Step(ctx); err != nil {
			t.Errorf("carry: %v", err)
			return ""
		}
		now, err := c.store.One(ctx, "donghu", given.ID)
		if err != nil {
			t.Errorf("look at the consent: %v", err)
			return ""
		}
		if now.State == consent.Granted {
			return given.ID
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the consent was not carried in time")
	return ""
}

// person is the patient of the orders below.
func person() consortium.Actor {
	patient := consenttest.Self
	patient.Patient = patientRef(1)
	return patient
}

// order is what a process is told to do, in one line, and done what came of it, in one line.
type (
	order struct {
		What    string // "grant", "withdraw", "ask" or "carry"
		Consent consent.ID
	}
	done struct {
		Output  string
		Consent consent.ID
	}
)

// do carries out an order in the process that was told.
func (c *custodian) do(t *testing.T, o order) done {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	switch o.What {
	case "grant":
		return done{Output: "ok", Consent: c.grant(ctx, t, person())}
	case "withdraw":
		if _, err := c.consents.Withdraw(ctx, person(), o.Consent); err != nil {
			t.Errorf("withdraw: %v", err)
		}
		return done{Output: "ok"}
	case "carry": // so that a grant finds nothing else to carry
		if _, err := c.carrier.Step(ctx); err != nil {
			t.Errorf("carry: %v", err)
		}
		return done{Output: "ok"}
	}
	return done{Output: c.ask(ctx, t, person().Patient)}
}

// processSetting is the variable that makes this test program one of several gateways of one custodian.
const processSetting = "COCKROACH_TEST_PROCESS"

// setting is what the variable holds, as JSON.
type setting struct {
	Database string
	Keys     config.Keys
}

// TestGatewayProcess is the other end of startProcess, and nothing where nobody started it so. It ends with its input,
// so that it never outlives who started it; what goes wrong stands on its output in place of an answer.
func TestGatewayProcess(t *testing.T) {
	text := os.Getenv(processSetting)
	if text == "" {
		return
	}
	var s setting
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db, err := cockroach.Open(t.Context(), s.Database, cockroachtest.Schema, cockroachtest.Key(), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := newCustodian(t, db, s.Keys, rules)
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		out := c.do(t, o)
		if t.Failed() {
			return
		}
		if err := answers.Encode(out); err != nil {
			t.Fatal(err)
		}
	}
}

// process is a gateway in a process of its own, whose database can be held up. It does one thing at a time.
type process struct {
	number int
	turn   sync.Mutex // held while it does something
	orders *json.Encoder
	output *bufio.Reader

	mu        sync.Mutex // guards the fields below
	slow      bool       // each answer of the database takes a random while
	pause     *pause     // nil: none
	committed time.Time  // when, at the earliest, the last transaction was committed
}

// pause is one answer of the database that a process has to wait for.
type pause struct {
	left    int           // answers until then
	reached chan struct{} // closed then
	goOn    chan struct{} // closed by who has seen enough
}

// always is open to everybody.
var always = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// count counts one answer, and returns what it waits for.
func (p *pause) count() chan struct{} {
	if p == nil || p.left == 0 {
		return always
	}
	if p.left--; p.left > 0 {
		return always
	}
	close(p.reached)
	return p.goOn
}

// startProcess starts a gateway that ends with the test.
func startProcess(t *testing.T, number int, db *cockroach.DB, keys config.Keys) *process {
	t.Helper()
	p := &process{number: number}
	text, err := json.Marshal(setting{
		Database: cockroachtest.Proxied(
			t, db.Pool().Config().ConnString(), func(a cockroachtest.Answer) { p.hear(t.Context(), a) },
		),
		Keys: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.CommandContext(t.Context(), program, "-test.run=^TestGatewayProcess$")
	cmd.Env = append(os.Environ(), processSetting+"="+string(text))
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context is over by then, and with it the process
	p.orders, p.output = json.NewEncoder(orders), bufio.NewReader(output)
	return p
}

// hear is called with each answer of the database before the process gets it.
func (p *process) hear(ctx context.Context, a cockroachtest.Answer) {
	p.mu.Lock()
	if a.Command == "COMMIT" {
		p.committed = a.Since
	}
	goOn := p.pause.count()
	slow := p.slow
	p.mu.Unlock()
	if slow {
		time.Sleep(mathrand.N(2 * time.Millisecond))
	}
	select {
	case <-goOn:
	case <-ctx.Done():
	}
}

// holdUp makes the process wait for the n-th answer of the database from now.
func (p *process) holdUp(n int) *pause {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pause = &pause{left: n, reached: make(chan struct{}), goOn: make(chan struct{})}
	return p.pause
}

// do has something done and notes it, with the times of this process. Records count from the release's commit: that the
// asking began before a withdrawal excuses nothing.
func (p *process) do(t *testing.T, h *history, o order) done {
	p.turn.Lock()
	defer p.turn.Unlock()
	begin := time.Now()
	if err := p.orders.Encode(o); err != nil {
		t.Errorf("tell process %d: %v", p.number, err)
		return done{}
	}
	line, err := p.output.ReadBytes('\n')
	end := time.Now()
	var out done
	if err != nil || json.Unmarshal(line, &out) != nil {
		rest, _ := io.ReadAll(p.output)
		t.Errorf("process %d: %s%s(%v)", p.number, line, rest, err)
		return done{}
	}
	if out.Output == "records" {
		p.mu.Lock()
		begin = p.committed
		p.mu.Unlock()
	}
	h.add(p.number, o.What, out.Output, begin, end)
	return out
}
