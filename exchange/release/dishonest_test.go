package release_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

// dishonest is a custodian that signs another reply than the honest one.
func dishonest(t *testing.T, change func(*release.Reply)) func([]byte) []byte {
	return resigned(t, func(payload []byte) []byte {
		var r release.Reply
		if err := json.Unmarshal(payload, &r); err != nil {
			t.Fatal(err)
		}
		change(&r)
		payload, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return payload
	})
}

// resigned is a custodian that signs other bytes than the honest ones.
func resigned(t *testing.T, change func([]byte) []byte) func([]byte) []byte {
	keys := newKeys("qingshan", "donghu")
	return func(raw []byte) []byte {
		payload, err := signed{"qingshan", keys}.Open("donghu", release.ReplyType, raw)
		if err != nil {
			t.Fatal(err)
		}
		out, err := signed{"donghu", keys}.Sign(release.ReplyType, change(payload))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// with puts other content into the reply's record, with a statement and salt that fit it.
func with(content string) func(*release.Reply) {
	return func(r *release.Reply) {
		restate(&r.Records[0], func(v *exchange.Version) { v.Content = []byte(content) })
	}
}

// restate changes a record and writes the statement that fits.
func restate(rec *release.Released, change func(*exchange.Version)) {
	v := exchange.Version{
		Ref: exchange.RecordRef{Org: "donghu", Type: rec.Type, ID: rec.ID}, Number: rec.Number, Patient: patient,
		Kind: rec.Kind, Recorded: rec.Recorded, Content: rec.Content, Salt: [32]byte{7}, Entry: rec.Entry,
	}
	change(&v)
	rec.Type, rec.ID, rec.Number, rec.Kind, rec.Content = v.Ref.Type, v.Ref.ID, v.Number, v.Kind, v.Content
	rec.Statement = exchange.Statement(v)
}

// TestWhatADishonestCustodianSendsIsNeitherShownNorKept lies in ways that a signature does not show.
func TestWhatADishonestCustodianSendsIsNeitherShownNorKept(t *testing.T) {
	place := int64(41)
	replaced := func(from, to string) string {
		return string(bytes.Replace([]byte(content), []byte(from), []byte(to), 1))
	}
	for name, c := range map[string]struct {
		change func(*release.Reply)
		code   fault.Code
	}{
		"no consent":      {change: func(r *release.Reply) { r.Decision.Consent = "" }},
		"no consent's id": {change: func(r *release.Reply) { r.Decision.Consent = "yes" }},
		"a consent's id in other letters": {change: func(r *release.Reply) {
			r.Decision.Consent = "6F" + r.Decision.Consent[2:]
		}},
		"a made-up consent": {
			change: func(r *release.Reply) { r.Decision.Consent = "00" + r.Decision.Consent[2:] }, code: release.CodeNoConsent,
		},
		"a decision about somebody else's asking": {change: func(r *release.Reply) { r.Decision.Query.Actor.ID = "dr-2" }},
		"a decision about another action": {change: func(r *release.Reply) {
			r.Decision.Query.Action = consortium.ActionLocate
		}},
		"content that is no FHIR":     {change: with("this is no FHIR")},
		"content of a type not in R4": {change: with(replaced("Observation", "Horoscope"))},
		"content of another type":     {change: with(`{"resourceType":"Basic","id":"o1","meta":{"versionId":"1"},"code":{"text":"x"}}`)},
		"content with another id":     {change: with(replaced(`"id":"o1"`, `"id":"o2"`))},
		"content of another version":  {change: with(replaced(`"versionId":"1"`, `"versionId":"2"`))},
		"content without a version":   {change: with(replaced(`"meta":{"versionId":"1"},`, ``))},
		"content with a key twice":    {change: with(replaced(`"status"`, `"status":"amended","status"`))},
		"content with a key in other letters": {change: with(
			replaced(`"valueQuantity"`, `"VALUEQUANTITY":{"value":1},"valueQuantity"`),
		)},
		"content of a kind that its type is not": {change: func(r *release.Reply) {
			restate(&r.Records[0], func(v *exchange.Version) {
				v.Ref.Type = "Encounter"
				v.Content = []byte(`{"resourceType":"Encounter","id":"o1","meta":{"versionId":"1"},"status":"finished","class":{"code":"AMB"}}`)
			})
		}},
		"a place where it does not stand": {change: func(r *release.Reply) { r.Records[0].Index = &place }},
		"a record twice":                  {change: func(r *release.Reply) { r.Records = append(r.Records, r.Records[0]) }},
		"too many records": {change: func(r *release.Reply) {
			one := r.Records[0]
			for i := range 2001 {
				rec := one
				restate(&rec, func(v *exchange.Version) { v.Ref.ID = "o" + strconv.Itoa(i) })
				r.Records = append(r.Records, rec)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.code == "" {
				c.code = release.CodeUntrusted
			}
			p := newPair(always(true))
			p.tamper = dishonest(t, c.change)
			res, err := p.ask()
			if fault.Of(err).Code != c.code || !fault.Is(err, fault.Unavailable) || len(res.Records) != 0 {
				t.Errorf("%d records, %v; want %s", len(res.Records), err, c.code)
			}
			if len(p.askerMem.received()) != 0 {
				t.Error("it was kept")
			}
		})
	}
}

// TestAReplyIsWrittenInOneWay: what two readers could read differently is read by nobody.
func TestAReplyIsWrittenInOneWay(t *testing.T) {
	for name, change := range map[string][2]string{
		"a key twice":            {`"allow":true`, `"allow":false,"allow":true`},
		"a key in other letters": {`"allow":true`, `"allow":true,"Allow":true`},
		"an unknown key":         {`"allow":true`, `"allow":true,"note":"x"`},
		"other spaces":           {`"allow":true`, `"allow": true`},
	} {
		p := newPair(always(true))
		p.tamper = resigned(t, func(payload []byte) []byte {
			if !bytes.Contains(payload, []byte(change[0])) {
				t.Fatalf("the reply does not say %s", change[0])
			}
			return bytes.Replace(payload, []byte(change[0]), []byte(change[1]), 1)
		})
		if _, err := p.ask(); fault.Of(err).Code != release.CodeUntrusted || len(p.askerMem.received()) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnOldReplyAnswersNothingElse plays back the honest reply to an earlier request.
func TestAnOldReplyAnswersNothingElse(t *testing.T) {
	p := newPair(always(true))
	var old []byte
	p.tamper = func(raw []byte) []byte { old = raw; return raw }
	if _, err := p.ask(); err != nil {
		t.Fatal(err)
	}
	p.tamper = func([]byte) []byte { return old }
	if _, err := p.ask(); fault.Of(err).Code != release.CodeUntrusted || len(p.askerMem.received()) != 1 {
		t.Errorf("the old reply: %v", err)
	}
}

// TestACopyIsNotShownUntilTheLedgerConfirmsItsConsent keeps what came, with its receipt, and leaves showing to the
// policy that asks the ledger again.
func TestACopyIsNotShownUntilTheLedgerConfirmsItsConsent(t *testing.T) {
	for name, state := range map[string]consents{
		"silent":      {err: fault.New(fault.Unavailable, "LEDGER", "away")},
		"withdrawn":   {status: ledger.StatusWithdrawn, until: at.Add(time.Hour)},
		"over by now": {status: ledger.StatusGranted, until: at},
	} {
		p := newPair(always(true))
		*p.ledger = state
		p.asker.Decider = &policy{allow: func(q consortium.Query) bool { return q.Action != consortium.ActionRecall }}
		res, err := p.ask()
		if err != nil || res.Decision.Allow || len(res.Records) != 0 {
			t.Errorf("%s: %d records, %v", name, len(res.Records), err)
		}
		if len(p.askerMem.received()) != 1 {
			t.Errorf("%s: the receipt is missing", name)
		}
		p.asker.Decider = &policy{allow: always(true)} // the ledger confirms it now
		if res, err = p.asker.Show(t.Context(), doctor, res.ID); err != nil || len(res.Records) != 1 {
			t.Errorf("%s: later %d records, %v", name, len(res.Records), err)
		}
	}
}

// TestWhatIsNotWitnessedYetIsShownAsThatAndProvenLater lets the proof be out of reach, then true, then false.
func TestWhatIsNotWitnessedYetIsShownAsThatAndProvenLater(t *testing.T) {
	p := newPair(always(true))
	p.asker.Prover = proving(func(_ context.Context, _ consortium.OrgID, parts []release.Part) ([]bool, error) {
		return make([]bool, len(parts)), nil
	})
	res, err := p.ask()
	if err != nil || len(res.Witnessed) != 1 || res.Witnessed[0] {
		t.Fatalf("%+v, %v", res.Witnessed, err)
	}
	p.asker.Prover = proving(placed)
	if again, err := p.asker.Show(t.Context(), doctor, res.ID); err != nil || !again.Witnessed[0] {
		t.Errorf("later: %+v, %v", again.Witnessed, err)
	}
	p.asker.Prover = proving(func(context.Context, consortium.OrgID, []release.Part) ([]bool, error) {
		return nil, errors.New("it stands elsewhere")
	})
	if again, err := p.asker.Show(t.Context(), doctor, res.ID); fault.Of(err).Code != release.CodeUntrusted ||
		len(again.Records) != 0 {
		t.Errorf("a false proof: %d records, %v", len(again.Records), err)
	}
}

// TestLiesAboutHoldingsAreNotTold: a member that says what cannot be counts as one that could not be asked.
func TestLiesAboutHoldingsAreNotTold(t *testing.T) {
	good := release.Held{Kind: consortium.Reports, Count: 3, Latest: at}
	change := func(f func(*release.Held)) []release.Held {
		h := good
		f(&h)
		return []release.Held{h}
	}
	for name, held := range map[string][]release.Held{
		"a negative count":     change(func(h *release.Held) { h.Count = -1 }),
		"none":                 change(func(h *release.Held) { h.Count = 0 }),
		"a count beyond sense": change(func(h *release.Held) { h.Count = 1 << 40 }),
		"an unknown kind":      change(func(h *release.Held) { h.Kind = "secrets" }),
		"directory data":       change(func(h *release.Held) { h.Kind = consortium.Directory }),
		"a kind twice":         {good, good},
		"without a time":       change(func(h *release.Held) { h.Latest = time.Time{} }),
		"a time to come":       change(func(h *release.Held) { h.Latest = at.Add(time.Hour) }),
	} {
		if got := locateFrom(t, held); len(got) != 1 || !got[0].Unreached {
			t.Errorf("%s: told %+v", name, got)
		}
	}
	if got := locateFrom(t, []release.Held{good}); len(got) != 1 || got[0].Unreached || got[0].Count != 3 {
		t.Errorf("the truth: told %+v", got)
	}
}

// liar answers questions about holdings with what it was given.
type liar struct {
	t    *testing.T
	env  signed
	held []release.Held
}

func (l liar) CarryLocate(_ context.Context, _ consortium.OrgID, request []byte) ([]byte, error) {
	payload, err := l.env.Open("qingshan", release.LocateType, request)
	if err != nil {
		return nil, err
	}
	var req release.LocateRequest
	if err := json.Unmarshal(payload, &req); err != nil {
		return nil, err
	}
	reply, err := json.Marshal(release.LocateReply{
		Version: 1, Request: req.ID, From: req.To, To: req.From, Holdings: l.held, Time: at,
	})
	if err != nil {
		return nil, err
	}
	return l.env.Sign(release.LocatedType, reply)
}

type holdsNothing struct{}

func (holdsNothing) Locate(
	context.Context, consortium.Actor, consortium.Purpose, consortium.PatientRef,
) ([]exchange.Holding, error) {
	return nil, nil
}

func locateFrom(t *testing.T, held []release.Held) []exchange.Holding {
	t.Helper()
	keys := newKeys("qingshan", "donghu")
	l := release.Locating{
		Org: "qingshan", Members: []consortium.OrgID{"donghu"}, Own: holdsNothing{}, Decider: &policy{allow: always(true)},
		Envelope: signed{"qingshan", keys}, Courier: liar{t, signed{"donghu", keys}, held}, Access: newMemory(),
		Now: func() time.Time { return at }, Patience: time.Minute,
	}
	got, err := l.Locate(t.Context(), doctor, consortium.Treatment, patient)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestAskingAboutStrangersLeavesNothingOfTheirs asks 200 times about people on whom nothing is held: the answer is that
// of any missing consent, the asking stands in the custodian's log, and nothing is kept under those people's names.
func TestAskingAboutStrangersLeavesNothingOfTheirs(t *testing.T) {
	p := newPair(always(false))
	p.holdPol.why, p.unknown = "CONSENT_MISSING", true
	for i := range 200 {
		nobody := consortium.NewPatientRef(make([]byte, 32), "urn:nobody", strconv.Itoa(i))
		req := release.Request{
			Version: 1, ID: uuid.NewString(), From: "qingshan", To: "donghu", Actor: doctor, Purpose: consortium.Treatment,
			Patient: nobody, Kinds: []consortium.Kind{consortium.Reports}, Time: at,
		}
		payload, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		message, err := p.asker.Envelope.Sign(release.RequestType, payload)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.holder.Answer(t.Context(), "qingshan", message); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.holdMem.logged) != 0 {
		t.Errorf("%d accesses in the logs of people who are not known here", len(p.holdMem.logged))
	}
	if len(p.holdMem.released()) != 200 {
		t.Fatalf("%d askings in the custodian's log", len(p.holdMem.released()))
	}
	for _, h := range p.holdMem.released() {
		var parts [][]byte
		if err := json.Unmarshal(h.Sealed, &parts); err != nil {
			t.Fatal(err)
		}
		if h.Patient != "" || len(parts[0]) != 0 || len(h.Entry.Leaf) == 0 {
			t.Fatalf("an asking is kept under %q, sealed with the key of %q", h.Patient, parts[0])
		}
	}
}
