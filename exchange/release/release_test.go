package release_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
	"yilian.example/exchange/release/releasetest"
	"yilian.example/exchange/tlog"
)

var (
	at      = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	patient = consortium.NewPatientRef(
		[]byte("0123456789abcdef0123456789abcdef"), "urn:oid:2.16.156.10011.1.3", "990000199001011234",
	)
	doctor = consortium.Actor{ID: "dr-1", Name: "医生", Org: "qingshan", Role: consortium.RoleClinician}
)

// consentID is a consent that the tests' ledger has.
const consentID = "6f1c8a523f0e4a2b9d530d9e8a7b6c5d6f1c8a523f0e4a2b9d530d9e8a7b6c5d"

// consents is a ledger with one consent.
type consents struct {
	status ledger.Status
	until  time.Time
	err    error
}

func (c *consents) Consent(_ context.Context, id string) (ledger.ConsentState, error) {
	if c.err != nil {
		return ledger.ConsentState{}, c.err
	}
	if id != consentID {
		return ledger.ConsentState{}, fault.New(fault.NotFound, "CONSENT_UNKNOWN", "none")
	}
	return ledger.ConsentState{ID: id, Status: c.status, Until: c.until.Unix()}, nil
}

// placed is a prover for whom the custodian's record stands at 42 and nowhere else.
func placed(_ context.Context, _ consortium.OrgID, parts []release.Part) ([]bool, error) {
	out := make([]bool, len(parts))
	for i, part := range parts {
		if part.Index != nil && *part.Index != 42 {
			return nil, errors.New("not there")
		}
		out[i] = part.Index != nil
	}
	return out, nil
}

type proving func(context.Context, consortium.OrgID, []release.Part) ([]bool, error)

func (p proving) Prove(ctx context.Context, custodian consortium.OrgID, parts []release.Part) ([]bool, error) {
	return p(ctx, custodian, parts)
}

// signed is an envelope for tests: type, member and payload under a real Ed25519 key per member.
type signed struct {
	org  consortium.OrgID
	keys map[consortium.OrgID]ed25519.PrivateKey
}

type message struct {
	Type    string
	Payload []byte
	Sig     []byte
}

func newKeys(orgs ...consortium.OrgID) map[consortium.OrgID]ed25519.PrivateKey {
	keys := map[consortium.OrgID]ed25519.PrivateKey{}
	for i, o := range orgs {
		keys[o] = ed25519.NewKeyFromSeed(slices.Repeat([]byte{byte(i + 1)}, 32))
	}
	return keys
}

func (s signed) Sign(typ string, payload []byte) ([]byte, error) {
	return json.Marshal(message{typ, payload, ed25519.Sign(s.keys[s.org], append([]byte(typ), payload...))})
}

func (s signed) Open(member consortium.OrgID, typ string, raw []byte) ([]byte, error) {
	var m message
	key, ok := s.keys[member]
	if err := json.Unmarshal(raw, &m); err != nil || !ok || m.Type != typ ||
		!ed25519.Verify(key.Public().(ed25519.PublicKey), append([]byte(m.Type), m.Payload...), m.Sig) {
		return nil, fault.New(fault.Unauthorized, "MESSAGE_SIGNATURE", "no")
	}
	return m.Payload, nil
}

// policy allows what allow says and remembers what it was asked.
type policy struct {
	allow func(consortium.Query) bool
	asked []consortium.Query
	err   error
	why   string // code of the reason; empty: TEST
}

func (p *policy) Decide(_ context.Context, q consortium.Query) (consortium.Decision, error) {
	p.asked = append(p.asked, q)
	d := consortium.Decision{
		Query:   q,
		Allow:   p.allow(q),
		Reasons: []consortium.Reason{{Code: "TEST", Article: "PIPL 23"}},
		Policy:  "digest",
	}
	if d.Allow && q.Action == consortium.ActionRelease {
		d.Consent = consentID
	}
	if p.why != "" {
		d.Reasons[0].Code = p.why
	}
	return d, p.err
}

func always(yes bool) func(consortium.Query) bool { return func(consortium.Query) bool { return yes } }

// memory is a member's stores, what its records answer, and its cipher.
type memory struct {
	*releasetest.Store
	logged  []exchange.Access
	listed  int
	records []exchange.Version
}

func newMemory() *memory { return &memory{Store: releasetest.NewStore()} }

// released is what the custodian of these tests handed over, and received what came to who asked.
func (m *memory) released() []release.HandedOver { return m.Releases("donghu") }
func (m *memory) received() []release.Received   { return m.Answers("qingshan") }

func (m *memory) LogAccess(_ context.Context, a exchange.Access) error {
	m.logged = append(m.logged, a)
	return nil
}

// List pages through the records, which stand newest first.
func (m *memory) List(_ context.Context, a exchange.Access, page exchange.Page) ([]exchange.Version, error) {
	m.listed++
	m.logged = append(m.logged, a)
	from := 0
	if page.After != nil {
		from = 1 + slices.IndexFunc(m.records, func(v exchange.Version) bool { return exchange.CursorOf(v) == *page.After })
	}
	return m.records[from:min(len(m.records), from+page.Limit)], nil
}

// Seal only frames: what these tests protect is not secrecy.
func (m *memory) Seal(_ context.Context, p consortium.PatientRef, aad, plaintext []byte) ([]byte, error) {
	return json.Marshal([][]byte{[]byte(p), aad, plaintext})
}

func (m *memory) Open(_ context.Context, p consortium.PatientRef, aad, ciphertext []byte) ([]byte, error) {
	var parts [][]byte
	if err := json.Unmarshal(ciphertext, &parts); err != nil || len(parts) != 3 || string(parts[0]) != string(p) ||
		string(parts[1]) != string(aad) {
		return nil, errors.New("does not open")
	}
	return parts[2], nil
}

// pair is an asking and an answering member, joined without a network.
type pair struct {
	asker    *release.Asking
	holder   *release.Answering
	askerMem *memory
	holdMem  *memory
	holdPol  *policy
	ledger   *consents
	unknown  bool                // the custodian has nothing on the patient
	tamper   func([]byte) []byte // of the reply, on the way
	sent     []byte              // the last request
}

func (p *pair) Carry(ctx context.Context, _ consortium.OrgID, request []byte) ([]byte, error) {
	p.sent = request
	reply, err := p.holder.Answer(ctx, "qingshan", request)
	if err == nil && p.tamper != nil {
		reply = p.tamper(reply)
	}
	return reply, err
}

// content is a record as it is stored: with its id and version.
const content = `{"resourceType":"Observation","id":"o1","meta":{"versionId":"1"},"status":"final","code":{"text":"Glucose"},` +
	`"valueQuantity":{"value":5.60}}`

func newPair(allow func(consortium.Query) bool) *pair {
	keys := newKeys("qingshan", "donghu")
	now := func() time.Time { return at }
	p := &pair{askerMem: newMemory(), holdMem: newMemory(), holdPol: &policy{allow: allow}}
	p.ledger = &consents{status: ledger.StatusGranted, until: at.Add(time.Hour)}
	if err := p.holdMem.Grant(context.Background(), "donghu", patient, consentID, at, at.Add(time.Hour)); err != nil {
		panic(err) // in memory it cannot fail
	}
	p.holdMem.records = []exchange.Version{{
		Ref: exchange.RecordRef{
			Org:  "donghu",
			Type: "Observation",
			ID:   "o1",
		}, Number: 1, Patient: patient, Kind: consortium.Observations,
		Recorded: at, Content: []byte(content), Salt: [32]byte{7}, Entry: uuid.NewString(),
	}}
	p.asker = &release.Asking{
		Book: logbook.Book{Org: "qingshan", Rand: rand.Reader},
		Org:  "qingshan", Decider: &policy{allow: always(true)}, Envelope: signed{"qingshan", keys}, Courier: p,
		Store: p.askerMem, Sealer: p.askerMem, Access: p.askerMem, Ledger: p.ledger, Prover: proving(placed), Now: now,
		Keep: time.Hour,
	}
	p.holder = &release.Answering{
		Book: logbook.Book{Org: "donghu", Rand: rand.Reader},
		Org:  "donghu", Decider: p.holdPol, Envelope: signed{"donghu", keys}, Records: p.holdMem, Store: p.holdMem, Sealer: p.holdMem,
		Places: func(_ context.Context, entries []string) (map[string]int64, error) {
			return map[string]int64{entries[0]: 42}, nil
		},
		Knows:     func(context.Context, consortium.PatientRef) (bool, error) { return !p.unknown, nil },
		Suspended: func(context.Context) (bool, error) { return false, nil }, Now: now, Fresh: time.Minute,
	}
	return p
}

func (p *pair) ask() (release.Result, error) {
	return p.asker.Ask(
		context.Background(), doctor, consortium.Treatment, patient, "donghu", []consortium.Kind{consortium.Observations},
	)
}

func TestReleaseIsLoggedOnBothSidesAndTheBytesArriveUnchanged(t *testing.T) {
	p := newPair(always(true))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Records) != 1 || string(res.Records[0].Content) != string(p.holdMem.records[0].Content) {
		t.Fatalf("got %d records", len(res.Records))
	}
	if len(p.holdMem.released()) != 1 || len(p.holdMem.released()[0].Entry.Leaf) == 0 || len(p.askerMem.received()) != 1 ||
		len(p.askerMem.received()[0].Entry.Leaf) == 0 {
		t.Fatal("release or receipt is not logged")
	}
	if q := p.holdPol.asked[0]; q.Action != consortium.ActionRelease || q.Custodian != "donghu" ||
		q.Actor.Org != "qingshan" ||
		q.Actor.Patient != "" {
		t.Fatalf("the custodian decided about %+v", q)
	}
	if len(p.holdMem.logged) != 1 || p.holdMem.logged[0].Request != res.ID {
		t.Fatal("the custodian did not log the access with its request")
	}
}

func TestRefusalReadsNothingAndIsLoggedOnBothSides(t *testing.T) {
	p := newPair(always(false))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	if res.Decision.Allow || len(res.Records) != 0 || p.holdMem.listed != 0 {
		t.Fatal("a refused request read records")
	}
	if len(p.holdMem.logged) != 1 || len(p.holdMem.released()) != 1 || len(p.askerMem.received()) != 1 {
		t.Fatal("the refusal is not logged")
	}
}

func TestOwnPolicyIsAskedBeforeAnythingLeaves(t *testing.T) {
	p := newPair(always(true))
	p.asker.Decider = &policy{allow: always(false)}
	res, err := p.ask()
	if err != nil || res.Decision.Allow || p.sent != nil || len(p.askerMem.logged) != 1 {
		t.Fatalf("err %v, allowed %v, sent %d bytes", err, res.Decision.Allow, len(p.sent))
	}
}

func TestErrorOfThePolicyReleasesNothing(t *testing.T) {
	p := newPair(always(true))
	p.holdPol.err = errors.New("policy broken")
	if _, err := p.ask(); err == nil || p.holdMem.listed != 0 || len(p.holdMem.released()) != 0 {
		t.Fatalf("got %v", err)
	}
}

func TestReplayedRequestIsRefused(t *testing.T) {
	p := newPair(always(true))
	if _, err := p.ask(); err != nil {
		t.Fatal(err)
	}
	_, err := p.holder.Answer(context.Background(), "qingshan", p.sent)
	if !fault.Is(err, fault.Conflict) || fault.Of(err).Code != "REQUEST_REPLAYED" || p.holdMem.listed != 1 {
		t.Fatalf("got %v after %d readings", err, p.holdMem.listed)
	}
}

func TestARefusalDoesNotTellOfConsentsThatTheAskerIsNotNamedIn(t *testing.T) {
	p := newPair(always(false))
	told := map[string]consortium.Reason{}
	for _, why := range []string{"CONSENT_RECIPIENT", "CONSENT_MISSING"} {
		p.holdPol.why = why
		res, err := p.ask()
		if err != nil {
			t.Fatal(err)
		}
		told[why] = res.Decision.Reasons[0]
		if logged := p.holdMem.logged[len(p.holdMem.logged)-1]; logged.Decision.Reasons[0].Code != why {
			t.Errorf("logged as %s, not %s", logged.Decision.Reasons[0].Code, why)
		}
	}
	if told["CONSENT_RECIPIENT"] != told["CONSENT_MISSING"] {
		t.Errorf("the asker is told %v", told)
	}
}

func TestRequestsThatAreNotAcceptable(t *testing.T) {
	keys := newKeys("qingshan", "donghu", "anhe")
	good := release.Request{
		Version: 1,
		ID:      uuid.NewString(),
		From:    "qingshan",
		To:      "donghu",
		Actor:   doctor,
		Purpose: consortium.Treatment,
		Patient: patient,
		Kinds:   []consortium.Kind{consortium.Reports},
		Time:    at,
	}
	for name, c := range map[string]struct {
		change func(*release.Request)
		signer consortium.OrgID
		typ    string
		code   string
	}{
		"signed by another member":   {signer: "anhe", code: "REQUEST_SIGNATURE"},
		"signed for another use":     {typ: release.ReplyType, code: "REQUEST_SIGNATURE"},
		"from another member":        {change: func(r *release.Request) { r.From = "anhe" }, code: "REQUEST_MISDIRECTED"},
		"to another member":          {change: func(r *release.Request) { r.To = "weijian" }, code: "REQUEST_MISDIRECTED"},
		"for another member's staff": {change: func(r *release.Request) { r.Actor.Org = "donghu" }, code: "REQUEST_MISDIRECTED"},
		"of another version":         {change: func(r *release.Request) { r.Version = 2 }, code: "REQUEST_MISDIRECTED"},
		"too old":                    {change: func(r *release.Request) { r.Time = at.Add(-2 * time.Minute) }, code: "REQUEST_STALE"},
		"from the future":            {change: func(r *release.Request) { r.Time = at.Add(2 * time.Minute) }, code: "REQUEST_STALE"},
		"without a proper id":        {change: func(r *release.Request) { r.ID = "1" }, code: "REQUEST_MALFORMED"},
		"with an id in another form": {change: func(r *release.Request) { r.ID = "urn:uuid:" + r.ID }, code: "REQUEST_MALFORMED"},
		"with an id in braces":       {change: func(r *release.Request) { r.ID = "{" + r.ID + "}" }, code: "REQUEST_MALFORMED"},
		"with an id in upper case": {
			change: func(r *release.Request) { r.ID = "A" + r.ID[1:] }, code: "REQUEST_MALFORMED",
		},
		"without a purpose":   {change: func(r *release.Request) { r.Purpose = "" }, code: "PURPOSE_INVALID"},
		"about nobody":        {change: func(r *release.Request) { r.Patient = "" }, code: "PATIENT_INVALID"},
		"for nothing":         {change: func(r *release.Request) { r.Kinds = nil }, code: "KINDS_MISSING"},
		"for an unknown kind": {change: func(r *release.Request) { r.Kinds = []consortium.Kind{"everything"} }, code: "KIND_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(always(true))
			p.holder.Envelope = signed{"donghu", keys}
			req := good
			if c.change != nil {
				c.change(&req)
			}
			signer, typ := consortium.OrgID("qingshan"), release.RequestType
			if c.signer != "" {
				signer = c.signer
			}
			if c.typ != "" {
				typ = c.typ
			}
			payload, _ := json.Marshal(req)
			msg, _ := signed{signer, keys}.Sign(typ, payload)
			_, err := p.holder.Answer(context.Background(), "qingshan", msg)
			if err == nil || fault.Of(err).Code != fault.Code(c.code) {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			if len(p.holdPol.asked) != 0 || p.holdMem.Reserved("donghu") != 0 {
				t.Fatal("an unacceptable request reached the policy or was reserved")
			}
		})
	}
}

func TestReleaseStopsWhileEvidenceCannotBeKept(t *testing.T) {
	p := newPair(always(true))
	p.holder.Suspended = func(context.Context) (bool, error) { return true, nil }
	if _, err := p.ask(); fault.Of(err).Code != "RELEASE_SUSPENDED" || p.holdMem.listed != 0 {
		t.Fatalf("got %v", err)
	}
}

func TestReplyThatDoesNotFitIsNotUsed(t *testing.T) {
	for name, change := range map[string]func(*release.Reply){
		"answers another request": func(r *release.Reply) { r.Request = uuid.NewString() },
		"from another member":     func(r *release.Reply) { r.From = "anhe" },
		"about another patient": func(r *release.Reply) {
			r.Decision.Query.Patient = consortium.NewPatientRef([]byte("k"), "s", "somebody else")
		},
		"with records although refused":      func(r *release.Reply) { r.Decision.Allow = false },
		"with a kind that was not asked for": func(r *release.Reply) { r.Records[0].Kind = consortium.Medications },
		"with altered content":               func(r *release.Reply) { r.Records[0].Content[20] ^= 1 },
		"with an altered statement":          func(r *release.Reply) { r.Records[0].Statement = json.RawMessage(`{}`) },
		"with a short salt":                  func(r *release.Reply) { r.Records[0].Salt = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(always(true))
			p.tamper = dishonest(t, func(r *release.Reply) { change(r) })
			if _, err := p.ask(); fault.Of(err).Code != "REPLY_UNTRUSTED" || len(p.askerMem.received()) != 0 {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestReceivedCopyIsShownToTheAskerOnlyAndWhileItLasts(t *testing.T) {
	p := newPair(always(true))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.asker.Show(context.Background(), doctor, res.ID)
	if err != nil || len(again.Records) != 1 {
		t.Fatalf("the asker got %v", err)
	}
	colleague := doctor
	colleague.ID = "dr-2"
	if _, err := p.asker.Show(context.Background(), colleague, res.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a colleague got %v", err)
	}
	if _, err := p.asker.Show(context.Background(), doctor, "not-an-id"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a malformed id got %v", err)
	}
	p.asker.Now = func() time.Time { return at.Add(time.Hour) }
	if _, err := p.asker.Show(context.Background(), doctor, res.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its time it gave %v", err)
	}
}

func TestReceivedCopyIsShownNoMoreOnceItsConsentFellShort(t *testing.T) {
	p := newPair(always(true))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	own := &policy{allow: func(q consortium.Query) bool { return q.Action != consortium.ActionRecall }}
	p.asker.Decider = own
	before := len(p.askerMem.logged)
	again, err := p.asker.Show(context.Background(), doctor, res.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again.Decision.Allow || len(again.Records) != 0 {
		t.Fatal("a copy is shown although the policy refuses")
	}
	if q := own.asked[0]; q.Action != consortium.ActionRecall || q.Custodian != "qingshan" || q.Patient != patient ||
		!slices.Equal(q.Kinds, res.Decision.Query.Kinds) {
		t.Fatalf("the policy was asked %+v", q)
	}
	if len(p.askerMem.logged) != before+1 || p.askerMem.logged[before].Decision.Allow {
		t.Fatal("the refusal is not logged")
	}
}

func TestPartOfAnAnswerCarriesWhatItsEvidenceNeeds(t *testing.T) {
	p := newPair(always(true))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	part, err := p.asker.Part(context.Background(), doctor, res.ID, "Observation", "o1")
	if err != nil || part.Custodian != "donghu" || part.Index == nil || *part.Index != 42 ||
		part.Version.Salt != p.holdMem.records[0].Salt {
		t.Fatalf("got %+v, %v", part, err)
	}
	if _, err := p.asker.Part(context.Background(), doctor, res.ID, "Observation", "o2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a record that did not come: %v", err)
	}
	p.asker.Decider = &policy{allow: func(q consortium.Query) bool { return q.Action != consortium.ActionRecall }}
	if _, err := p.asker.Part(context.Background(), doctor, res.ID, "Observation", "o1"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("after its consent fell short: %v", err)
	}
}

// opens reports whether sealed bytes hold the salt and statement that open a leaf's commitment.
func opens(t *testing.T, kind string, leaf, opening []byte) {
	t.Helper()
	l, err := tlog.ParseLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	if len(opening) <= 32 || l.Kind != kind || tlog.Commit(kind, [32]byte(opening[:32]), opening[32:]) != l.Commitment {
		t.Errorf("what is kept does not open the %s in the log", kind)
	}
}

func TestBothSidesKeepWhatOpensTheirLogEntry(t *testing.T) {
	p := newPair(always(true))
	_, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	unseal := func(sealed []byte) []byte {
		var parts [][]byte
		if err := json.Unmarshal(sealed, &parts); err != nil {
			t.Fatal(err)
		}
		return parts[2]
	}
	var kept struct{ Opening []byte }
	rec := p.askerMem.received()[0]
	if err := json.Unmarshal(unseal(rec.Sealed), &kept); err != nil {
		t.Fatal(err)
	}
	opens(t, tlog.KindReceipt, rec.Entry.Leaf, kept.Opening)
	released := p.holdMem.released()[0]
	opens(t, tlog.KindRelease, released.Entry.Leaf, unseal(released.Sealed))
}
