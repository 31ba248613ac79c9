package identity

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"yilian.example/exchange/fault"
)

const ssn = "http://hl7.org/fhir/sid/us-ssn"

func matching() Matching {
	return NewMatching(Systems{
		National: []string{"URN:OID:2.16.156.10011.1.3", ssn}, Other: []string{"urn:example:mrn"},
		Synonyms: map[string]string{"urn:example:id-card": "2.16.156.10011.1.3"},
	})
}

// However a number was typed, it names the same person.
func TestOneNumberWrittenInManyWays(t *testing.T) {
	const want = "99000019921105048X"
	for _, c := range []struct{ name, system, value string }{
		{"as it is", ResidentNumber, want},
		{"small letter", ResidentNumber, "99000019921105048x"},
		{"full width", ResidentNumber, "９９００００１９９２１１０５０４８Ｘ"},
		{"full width, small", ResidentNumber, "９９００００１９９２１１０５０４８ｘ"},
		{"inner blanks", ResidentNumber, " 990000 1992 1105 048X\t"},
		{"ideographic blank", ResidentNumber, "990000\u300019921105048X"},
		{"zero width", ResidentNumber, "\ufeff9900\u200b00199211\u200d05048X\u200e"},
		{"bare OID", "2.16.156.10011.1.3", want},
		{"OID in capitals", "URN:OID:2.16.156.10011.1.3", want},
		{"OID with a blank", "urn:oid: 2.16.156.10011.1.3", want},
		{"synonym", "urn:example:id-card", want},
	} {
		got, err := matching().Person(c.system, c.value)
		if err != nil || got != (Identifier{ResidentNumber, want}) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// What stands where no number is known joins nobody with anybody.
func TestPlaceholdersNameNobody(t *testing.T) {
	for _, value := range []string{
		"", "不详", "未知", "无", "000000000000000000", "111111111111111111", "XXXXXXXXXXXXXXXXXX", "123456789012345678",
		"9900001992110504", "99000019921105048", "99000019921105048X0", "990000199211050481", "99000019921305048X",
		"990000992110504", "A90000199211050489", "990000900230123", "990000900101996", "N/A", "-", "999999999999999999",
	} {
		if id, err := matching().Person(ResidentNumber, value); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q names %+v, %v", value, id, err)
		}
	}
	for _, value := range []string{"000-00-0000", "unknown", "n/a", "999999999", "12345", "123-45-6789"} {
		if id, err := matching().Person(ssn, value); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q names %+v, %v", value, id, err)
		}
	}
	if _, err := matching().Person("urn:example:mrn", "4711"); fault.Of(err).Code != CodeSystem {
		t.Errorf("a hospital's own number names a person: %v", err)
	}
}

// Nothing is taken for something else because both say that a number is not known.
func TestWhatMayBeMatchedOn(t *testing.T) {
	for id, want := range map[Identifier]bool{
		{ResidentNumber, "99000019921105048x"}: true, {ResidentNumber, "不详"}: false,
		{ResidentNumber, "000000000000000000"}: false, {"2.16.156.10011.1.3", "990000195803120261"}: false,
		{"urn:example:mrn", "4711"}: true, {"urn:example:mrn", "0"}: true, {"urn:example:mrn", "不 详"}: false,
		{"urn:example:mrn", "unknown"}: false, {"urn:example:mrn", "000000"}: false, {"urn:example:mrn", " "}: false,
	} {
		if got := matching().Matchable(id.System, id.Value); got != want {
			t.Errorf("%+v: %v", id, got)
		}
	}
}

// A number of the old form is the same person's as the new one, where the century is sure.
func TestOldNumberIsConverted(t *testing.T) {
	got, err := matching().Person(ResidentNumber, "990000921105048")
	if err != nil || got.Value != "99000019921105048X" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := matching().Person(ResidentNumber, "990000921105997"); err == nil {
		t.Errorf("somebody of a hundred years or more became %s", got.Value)
	}
}

// Outside the national systems letters count: a hospital may give out a1 and A1.
func TestOtherSystemsKeepTheirLetters(t *testing.T) {
	m := matching()
	if m.Fold("urn:example:mrn", "a1") == m.Fold("urn:example:mrn", "A1") {
		t.Error("two numbers of one hospital became one")
	}
	if m.Fold("urn:example:mrn", "Ａ 1") != m.Fold("urn:example:mrn", "A1") {
		t.Error("one number in two widths stayed two")
	}
}

func TestKnownSystems(t *testing.T) {
	for system, want := range map[string]bool{
		"2.16.156.10011.1.3": true, "urn:example:id-card": true, "urn:example:mrn": true, " urn:example:mrn": true,
		"urn:example:mrn2": false, "": false,
	} {
		if got := matching().Known(system); got != want {
			t.Errorf("%q: %v", system, got)
		}
	}
}

// Every character of a number matters: another digit anywhere is another number or none.
func TestOneWrongDigitIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const right = "990000195803120260"
		i := rapid.IntRange(0, 17).Draw(t, "place")
		digit := rapid.SampledFrom([]byte("0123456789")).Draw(t, "digit")
		if digit == right[i] {
			return
		}
		wrong := right[:i] + string(digit) + right[i+1:]
		if id, err := matching().Person(ResidentNumber, wrong); err == nil {
			t.Errorf("%s names %s", wrong, id.Value)
		}
	})
}

func FuzzFold(f *testing.F) {
	f.Add("2.16.156.10011.1.3", "９９ 0\u200b1x")
	f.Add("urn:oid:1.2", "\xff")
	f.Fuzz(func(t *testing.T, system, value string) {
		m := matching()
		once := m.Fold(system, value)
		if again := m.Fold(once.System, once.Value); again != once {
			t.Errorf("folded twice: %q, then %q", once, again)
		}
		if utf8.ValidString(value) && strings.ContainsAny(once.Value, " \t\n\u200b\ufeff") {
			t.Errorf("%q has what cannot be seen", once.Value)
		}
		if id, err := m.Person(system, value); err == nil && id.Value == "" {
			t.Error("nothing names a person")
		}
	})
}
