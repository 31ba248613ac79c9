package consent_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// desk is one custodian with everything in memory.
type desk struct {
	*consent.Consents
	book         *consenttest.Book
	clock        *clock
	woken        int
	otherReceipt []byte // for forgeries
}

func newDesk() *desk {
	d := &desk{book: consenttest.NewBook(), clock: &clock{noon}}
	d.Consents = &consent.Consents{
		Org: "donghu", Members: consenttest.Members{}, People: consenttest.Born(noon.AddDate(-40, 0, 0)),
		Keys:  consenttest.Keys("donghu"),
		Store: d.book, Now: d.clock.now, Book: logbook.Book{Org: "donghu", Rand: rand.Reader}, Wake: func() { d.woken++ },
	}
	return d
}

func choice() consent.Choice {
	return consent.Choice{
		Recipient: "qingshan", Purpose: consortium.Treatment, Lang: consent.Chinese,
		Kinds: []consortium.Kind{consortium.Reports, consortium.Diagnoses, consortium.Reports}, Until: noon.AddDate(0, 0, 30),
	}
}

func (d *desk) draft(t *testing.T) consent.Draft {
	t.Helper()
	draft, err := d.Draft(t.Context(), consenttest.Self, choice())
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

func (d *desk) granted(t *testing.T) consent.Consent {
	t.Helper()
	c, err := d.Grant(t.Context(), consenttest.Self, consenttest.Sign(t, d.draft(t)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if err == nil || fault.Of(err).Code != fault.Code(code) || fault.KindOf(err) != kind {
		t.Errorf("error %v (kind %d), want %s of kind %d", err, fault.KindOf(err), code, kind)
	}
}

func TestDraft(t *testing.T) {
	d := newDesk()
	draft := d.draft(t)
	s := draft.Statement
	if s.Consent != "" || s.Patient != consenttest.Patient || s.Custodian != "donghu" || s.Recipient != "qingshan" ||
		s.Notice != consent.NoticeVersion {
		t.Errorf("statement %+v", s)
	}
	if len(s.Kinds) != 2 || s.Kinds[0] != consortium.Diagnoses || s.Kinds[1] != consortium.Reports {
		t.Errorf("kinds %v, want each once and sorted", s.Kinds)
	}
	if len(draft.Salt) != 32 || draft.Until != noon.AddDate(0, 0, 30).Unix() || s.From != "2026-11-21T12:00:00Z" {
		t.Errorf("draft %+v", draft)
	}
	if again := d.draft(t); string(again.Salt) == string(draft.Salt) {
		t.Error("two drafts have the same salt")
	}
}

// TestTextSaysWhatTheLawAsks: names and contacts, purpose, kinds and period stand in the words that are signed (PIPL
// 17, 23, 29, 30).
func TestTextSaysWhatTheLawAsks(t *testing.T) {
	for lang, words := range map[consent.Lang][]string{
		consent.Chinese: {
			"东湖医院", "https://donghu.example", "青山社区卫生服务中心", "https://qingshan.example", "诊断和治疗", "加密", "诊断、检查检验报告",
			"2026年11月21日20:00:00", "2026年12月21日20:00:00", "必要性", "影响", "撤回", "拒绝", "查阅、复制、更正、删除", "账本", consent.NoticeVersion,
		},
		consent.English: {
			"Donghu Hospital", "https://donghu.example", "Qingshan Community Health Centre", "https://qingshan.example",
			"to diagnose and treat you",
			"encrypted", "diagnoses, laboratory and imaging reports", "21 November 2026, 20:00:00", "21 December 2026, 20:00:00",
			"needed", "means for you",
			"withdraw", "refuse", "show, copy, correct or delete", "Ledger", consent.NoticeVersion,
		},
	} {
		c := choice()
		c.Lang = lang
		draft, err := newDesk().Draft(t.Context(), consenttest.Self, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(draft.Statement.Text, w) {
				t.Errorf("%s text lacks %q", lang, w)
			}
		}
		if strings.Contains(draft.Statement.Text, string(consenttest.Patient)) {
			t.Errorf("%s text shows the patient reference", lang)
		}
	}
}

func TestKindNamesAreComplete(t *testing.T) {
	for _, lang := range []consent.Lang{consent.Chinese, consent.English} {
		names := consent.KindNames(consortium.PatientKinds(), lang)
		if len(names) != len(consortium.PatientKinds()) {
			t.Fatalf("%s: %d names for %d kinds", lang, len(names), len(consortium.PatientKinds()))
		}
		for i, n := range names {
			if n == "" {
				t.Errorf("%s: %s has no name", lang, consortium.PatientKinds()[i])
			}
		}
	}
}

func TestDraftRefusals(t *testing.T) {
	clinician := consortium.Actor{ID: "d", Org: "donghu", Role: consortium.RoleClinician}
	elsewhere := consenttest.Self
	elsewhere.Org = "qingshan"
	for name, tc := range map[string]struct {
		actor  consortium.Actor
		change func(*consent.Choice)
		born   time.Time
		kind   fault.Kind
		code   string
	}{
		"clinician":      {actor: clinician, kind: fault.Forbidden, code: "PATIENT_ONLY"},
		"another portal": {actor: elsewhere, kind: fault.Forbidden, code: "PATIENT_ONLY"},
		"nobody": {
			actor: consortium.Actor{Role: consortium.RolePatient, Org: "donghu"}, kind: fault.Forbidden, code: "PATIENT_ONLY",
		},
		"to itself": {
			change: func(c *consent.Choice) { c.Recipient = "donghu" }, kind: fault.Invalid, code: "CONSENT_RECIPIENT",
		},
		"to a stranger": {
			change: func(c *consent.Choice) { c.Recipient = "nobody" }, kind: fault.Invalid, code: "CONSENT_RECIPIENT",
		},
		"insurer for treatment": {
			change: func(c *consent.Choice) { c.Recipient = "anhe" }, kind: fault.Invalid, code: "CONSENT_RECIPIENT",
		},
		"hospital for a claim": {
			change: func(c *consent.Choice) { c.Purpose = consortium.Payment }, kind: fault.Invalid, code: "CONSENT_RECIPIENT",
		},
		"to the commission": {
			change: func(c *consent.Choice) { c.Recipient = "weijian" }, kind: fault.Invalid, code: "CONSENT_RECIPIENT",
		},
		"for marketing": {
			change: func(c *consent.Choice) { c.Purpose = consortium.Marketing }, kind: fault.Invalid, code: "CONSENT_PURPOSE",
		},
		"for research": {
			change: func(c *consent.Choice) { c.Purpose = consortium.Research }, kind: fault.Invalid, code: "CONSENT_PURPOSE",
		},
		"no kinds": {
			change: func(c *consent.Choice) { c.Kinds = nil }, kind: fault.Invalid, code: "CONSENT_KINDS",
		},
		"unknown kind": {
			change: func(c *consent.Choice) { c.Kinds = []consortium.Kind{"genome"} }, kind: fault.Invalid,
			code: "CONSENT_KINDS",
		},
		"directory": {
			change: func(c *consent.Choice) { c.Kinds = []consortium.Kind{consortium.Directory} }, kind: fault.Invalid,
			code: "CONSENT_KINDS",
		},
		"over already": {
			change: func(c *consent.Choice) { c.Until = noon }, kind: fault.Invalid, code: "CONSENT_PERIOD",
		},
		"over a year": {
			change: func(c *consent.Choice) { c.Until = noon.Add(consent.MaxPeriod + time.Second) }, kind: fault.Invalid,
			code: "CONSENT_PERIOD",
		},
		"unknown language": {
			change: func(c *consent.Choice) { c.Lang = "fr" }, kind: fault.Invalid, code: "CONSENT_NOTICE",
		},
		"thirteen years old": {born: noon.AddDate(-14, 0, 1), kind: fault.Forbidden, code: "CONSENT_GUARDIAN"},
		"age unknown":        {born: time.Time{}.Add(1), kind: fault.Forbidden, code: "CONSENT_AGE_UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			switch {
			case tc.code == "CONSENT_AGE_UNKNOWN":
				d.People = consenttest.Born{}
			case !tc.born.IsZero():
				d.People = consenttest.Born(tc.born)
			}
			actor, c := tc.actor, choice()
			if actor.Role == "" {
				actor = consenttest.Self
			}
			if tc.change != nil {
				tc.change(&c)
			}
			_, err := d.Draft(t.Context(), actor, c)
			wantCode(t, err, tc.kind, tc.code)
		})
	}
}

func TestFourteenthBirthdayInBeijing(t *testing.T) {
	d := newDesk()
	d.People = consenttest.Born(time.Date(2012, 11, 21, 0, 0, 0, 0, time.UTC))
	d.draft(t)
}

func TestGrant(t *testing.T) {
	d := newDesk()
	signed := consenttest.Sign(t, d.draft(t))
	c, err := d.Grant(t.Context(), consenttest.Self, signed)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != consent.Pending || c.ID != consent.ID(ledger.ConsentID(signed.PublicKey)) || !c.CreatedAt.Equal(noon) ||
		c.Holds(noon) {
		t.Errorf("granted %+v", c)
	}
	if d.woken != 1 || len(d.book.Entries()) != 1 {
		t.Errorf("woken %d times, %d log entries", d.woken, len(d.book.Entries()))
	}
	leaf, err := tlog.ParseLeaf(d.book.Entries()[0].Leaf)
	if err != nil || leaf.Kind != tlog.KindConsent {
		t.Fatalf("leaf %+v: %v", leaf, err)
	}
	statement, _ := signed.Statement.Canonical()
	if leaf.Commitment == tlog.Commit(tlog.KindConsent, [32]byte(signed.Salt), statement) {
		t.Error("log and ledger carry the same commitment, so that one can be linked to the other")
	}
	if strings.Contains(string(c.Sealed), string(consenttest.Patient)) || strings.Contains(string(c.Sealed), "东湖") {
		t.Error("the statement is stored in clear")
	}
}

// TestGrantTwice: the answer may have been lost, so the same submission gives the same consent, and another one under
// the same key is refused.
func TestGrantTwice(t *testing.T) {
	d := newDesk()
	signed := consenttest.Sign(t, d.draft(t))
	first, err := d.Grant(t.Context(), consenttest.Self, signed)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.Grant(t.Context(), consenttest.Self, signed)
	if err != nil || again.ID != first.ID || len(d.book.Entries()) != 1 {
		t.Errorf("again: %+v, %v, %d log entries", again, err, len(d.book.Entries()))
	}
	if _, err := d.Withdraw(t.Context(), consenttest.Self, first.ID); err != nil {
		t.Fatal(err)
	}
	again, err = d.Grant(t.Context(), consenttest.Self, signed)
	if err != nil || again.State != consent.Withdrawn {
		t.Errorf("granting a withdrawn consent again: %+v, %v", again, err)
	}
}

func TestGrantRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*desk, *consent.Signed)
		kind   fault.Kind
		code   string
	}{
		"other text": {func(_ *desk, s *consent.Signed) { s.Statement.Text += "。" }, fault.Invalid, "CONSENT_CHANGED"},
		"other id": {func(_ *desk, s *consent.Signed) {
			s.Statement.Consent = consent.ID(strings.Repeat("0", 64))
		}, fault.Invalid, "CONSENT_CHANGED"},
		"wider recipient": {
			func(_ *desk, s *consent.Signed) { s.Statement.Recipient = "nobody" }, fault.Invalid, "CONSENT_RECIPIENT",
		},
		"other custodian": {
			func(_ *desk, s *consent.Signed) { s.Statement.Custodian = "anhe" }, fault.Invalid, "CONSENT_CUSTODIAN",
		},
		"more kinds": {
			func(_ *desk, s *consent.Signed) { s.Statement.Kinds = consortium.PatientKinds()[:1] }, fault.Invalid,
			"CONSENT_CHANGED",
		},
		"unsorted kinds": {
			func(_ *desk, s *consent.Signed) { s.Statement.Kinds = []consortium.Kind{"reports", "diagnoses"} }, fault.Invalid,
			"CONSENT_KINDS",
		},
		"longer": {
			func(_ *desk, s *consent.Signed) { s.Statement.Until = "2027-01-01T00:00:00Z" }, fault.Invalid, "CONSENT_CHANGED",
		},
		"no time": {
			func(_ *desk, s *consent.Signed) { s.Statement.Until = "soon" }, fault.Invalid, "CONSENT_STATEMENT",
		},
		"other version": {func(_ *desk, s *consent.Signed) { s.Statement.V = 2 }, fault.Invalid, "CONSENT_STATEMENT"},
		"old notice": {
			func(_ *desk, s *consent.Signed) { s.Statement.Notice = "2025-01" }, fault.Invalid, "CONSENT_NOTICE",
		},
		"somebody else": {
			func(_ *desk, s *consent.Signed) { s.Statement.Patient = consenttest.Other.Patient }, fault.Forbidden,
			"NOT_THE_PATIENT",
		},
		"old draft": {
			func(d *desk, _ *consent.Signed) { d.clock.at = noon.Add(time.Hour + time.Second) }, fault.Invalid,
			"CONSENT_DRAFT_OLD",
		},
		"from the future": {
			func(d *desk, _ *consent.Signed) { d.clock.at = noon.Add(-2 * time.Minute) }, fault.Invalid, "CONSENT_DRAFT_OLD",
		},
		"other salt": {
			func(_ *desk, s *consent.Signed) { s.Salt = make([]byte, 32) }, fault.Invalid, "CONSENT_SIGNATURE",
		},
		"short salt":    {func(_ *desk, s *consent.Signed) { s.Salt = s.Salt[:31] }, fault.Invalid, "CONSENT_SALT"},
		"no grant":      {func(_ *desk, s *consent.Signed) { s.Grant = nil }, fault.Invalid, "CONSENT_SIGNATURE"},
		"no withdrawal": {func(_ *desk, s *consent.Signed) { s.Withdrawal = nil }, fault.Invalid, "CONSENT_SIGNATURE"},
		"swapped": {
			func(_ *desk, s *consent.Signed) { s.Grant, s.Withdrawal = s.Withdrawal, s.Grant }, fault.Invalid,
			"CONSENT_SIGNATURE",
		},
		"broken key": {
			func(_ *desk, s *consent.Signed) { s.PublicKey = s.PublicKey[1:] }, fault.Invalid, "CONSENT_CHANGED",
		},
		"no key": {func(_ *desk, s *consent.Signed) { s.PublicKey = nil }, fault.Invalid, "CONSENT_CHANGED"},
		"became too young": {
			func(d *desk, _ *consent.Signed) { d.People = consenttest.Born(noon.AddDate(-10, 0, 0)) }, fault.Forbidden,
			"CONSENT_GUARDIAN",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			signed := consenttest.Sign(t, d.draft(t))
			tc.change(d, &signed)
			_, err := d.Grant(t.Context(), consenttest.Self, signed)
			wantCode(t, err, tc.kind, tc.code)
			if len(d.book.Entries()) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestOthersSeeNothing(t *testing.T) {
	d := newDesk()
	c := d.granted(t)
	_, err := d.One(t.Context(), consenttest.Other, c.ID)
	wantCode(t, err, fault.NotFound, "CONSENT_NOT_FOUND")
	_, err = d.Withdraw(t.Context(), consenttest.Other, c.ID)
	wantCode(t, err, fault.NotFound, "CONSENT_NOT_FOUND")
	_, err = d.One(t.Context(), consenttest.Self, "not an id")
	wantCode(t, err, fault.NotFound, "CONSENT_NOT_FOUND")
	list, err := d.List(t.Context(), consenttest.Other)
	if err != nil || len(list) != 0 {
		t.Errorf("list of somebody else: %v, %v", list, err)
	}
	list, err = d.List(t.Context(), consenttest.Self)
	if err != nil || len(list) != 1 || list[0].ID != c.ID {
		t.Errorf("own list: %v, %v", list, err)
	}
	_, err = d.List(t.Context(), consortium.Actor{ID: "a", Org: "donghu", Role: consortium.RoleAuditor})
	wantCode(t, err, fault.Forbidden, "PATIENT_ONLY")
}

func TestWithdrawTwice(t *testing.T) {
	d := newDesk()
	c := d.granted(t)
	first, err := d.Withdraw(t.Context(), consenttest.Self, c.ID)
	if err != nil || first.State != consent.Withdrawn || !first.WithdrawnAt.Equal(noon) {
		t.Fatalf("withdrawn %+v: %v", first, err)
	}
	d.clock.at = noon.Add(time.Hour)
	second, err := d.Withdraw(t.Context(), consenttest.Self, c.ID)
	if err != nil || !second.WithdrawnAt.Equal(noon) || len(d.book.Entries()) != 2 {
		t.Errorf("again: %+v, %v, %d log entries", second, err, len(d.book.Entries()))
	}
}

// FuzzStatement: whatever the browser sends as a statement, nothing but the one that the server would build is taken.
func FuzzStatement(f *testing.F) {
	f.Add(
		`{"v":1,"type":"yilian/consent","purpose":"TREAT","kinds":["reports"],"from":"2026-11-21T12:00:00Z","until":"2026-12-21T12:00:00Z"}`,
	)
	f.Add(`{"kinds":null,"from":"","text":"\u0000"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var s consent.Statement
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		d := newDesk()
		_, err := d.Grant(t.Context(), consenttest.Self, consent.Signed{Statement: s, Salt: make([]byte, 32)})
		if err == nil || fault.KindOf(err) == fault.Internal {
			t.Errorf("statement %q: %v", text, err)
		}
	})
}
