package exchange

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// TestStatementIsFixed pins the bytes that logs commit to: evidence that was handed out must verify for ever.
func TestStatementIsFixed(t *testing.T) {
	v := Version{
		Ref: RecordRef{
			Org:  "donghu",
			Type: "Observation",
			ID:   "o1",
		}, Number: 2, Patient: "pabc", Kind: consortium.Observations,
		Recorded: time.Date(2026, 11, 21, 16, 0, 0, 120000000, time.FixedZone("CST", 8*3600)), Content: []byte(`{"a":1}`),
	}
	const want = `{"id":"o1","kind":"observations","org":"donghu","patient":"pabc","recorded":"2026-11-21T08:00:00.12Z",` +
		`"sha256":"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862","type":"Observation","v":1,"version":2}`
	if got := string(Statement(v)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v.Deleted, v.Content = true, nil
	if got := string(Statement(v)); !strings.Contains(got, `"deleted":true`) ||
		!strings.Contains(got, `"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`) {
		t.Errorf("deletion: %s", got)
	}
}

// FuzzStatement: a statement is rebuilt from what another member sends, so nothing may make it panic, and equal
// statements mean equal records.
func FuzzStatement(f *testing.F) {
	f.Add("Observation", "o1", "pabc", "observations", int64(0), []byte("{}"))
	f.Add("\xff\xfe", "\u2028\"\\", "", "\x00", int64(1)<<60, []byte(nil))
	f.Fuzz(func(t *testing.T, typ, id, patient, kind string, at int64, content []byte) {
		v := Version{
			Ref: RecordRef{
				Org:  "donghu",
				Type: typ,
				ID:   id,
			}, Number: 1, Patient: consortium.PatientRef(patient), Kind: consortium.Kind(kind),
			Recorded: time.Unix(at, 0), Content: content,
		}
		changed := v
		changed.Content = append(slices.Clone(content), 'x')
		if bytes.Equal(Statement(v), Statement(changed)) {
			t.Error("another content gives the same statement")
		}
	})
}

func TestPlaceIsUnambiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("1:|a")), 0, 4, -1), 1, 4)
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if bytes.Equal(placeAAD(a...), placeAAD(b...)) != slices.Equal(a, b) {
			t.Fatalf("%q and %q give %q", a, b, placeAAD(a...))
		}
	})
}

func TestCheckChain(t *testing.T) {
	chain := func(seqs ...int64) []AccessEntry {
		var out []AccessEntry
		for _, s := range seqs {
			out = append(out, AccessEntry{Seq: s, Commitment: name(s), Prev: name(s - 1)})
		}
		return out
	}
	relinked := chain(3, 2, 1)
	relinked[0].Prev = name(1)
	tests := []struct {
		name    string
		head    AccessHead
		before  int64
		asked   int
		entries []AccessEntry
		ok      bool
	}{
		{"whole", AccessHead{3, name(3)}, 0, 10, chain(3, 2, 1), true},
		{"first page", AccessHead{3, name(3)}, 0, 2, chain(3, 2), true},
		{"second page", AccessHead{3, name(3)}, 2, 2, chain(1), true},
		{"past the end", AccessHead{3, name(3)}, 1, 2, nil, true},
		{"empty", AccessHead{}, 0, 2, nil, true},
		{"before beyond the head", AccessHead{3, name(3)}, 99, 2, chain(3, 2), true},
		{"newest missing", AccessHead{3, name(3)}, 0, 10, chain(2, 1), false},
		{"middle missing", AccessHead{3, name(3)}, 0, 10, chain(3, 1), false},
		{"oldest missing", AccessHead{3, name(3)}, 0, 10, chain(3, 2), false},
		{"all missing", AccessHead{3, name(3)}, 0, 10, nil, false},
		{"no head", AccessHead{}, 0, 10, chain(1), false},
		{"another head", AccessHead{3, name(9)}, 0, 10, chain(3, 2, 1), false},
		{"linked past one", AccessHead{3, name(3)}, 0, 10, relinked, false},
		{"more than there are", AccessHead{2, name(2)}, 0, 10, chain(3, 2, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := checkChain(tt.head, tt.before, tt.asked, tt.entries); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func name(seq int64) string {
	if seq == 0 {
		return ""
	}
	return "c" + string(rune('0'+seq))
}

func TestCheckRead(t *testing.T) {
	decided := Access{
		Decision: consortium.Decision{Query: consortium.Query{Patient: "pa", Kinds: []consortium.Kind{consortium.Reports}}},
	}
	good := SealedVersion{Patient: "pa", Kind: consortium.Reports}
	deleted, otherPatient, otherKind := good, good, good
	deleted.Deleted = true
	otherPatient.Patient = "pb"
	otherKind.Kind = consortium.Directory
	one := &Selection{Ref: &RecordRef{}}
	tests := []struct {
		name string
		sel  *Selection
		got  []SealedVersion
		want fault.Kind
		ok   bool
	}{
		{"as decided", one, []SealedVersion{good}, 0, true},
		{"empty page", &Selection{}, nil, 0, true},
		{"absent", one, nil, fault.NotFound, false},
		{"deleted", one, []SealedVersion{deleted}, fault.Gone, false},
		{"another patient", one, []SealedVersion{otherPatient}, fault.Forbidden, false},
		{"another kind", one, []SealedVersion{otherKind}, fault.Forbidden, false},
		{"one of many is another's", &Selection{}, []SealedVersion{good, otherPatient}, fault.Forbidden, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkRead(decided, tt.sel, tt.got)
			if (err == nil) != tt.ok || (err != nil && fault.KindOf(err) != tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestBrokenIsNotPublic: what the user may read about a broken chain names neither entry nor patient.
func TestBrokenIsNotPublic(t *testing.T) {
	f := fault.Of(broken(errors.New("entry 3 of pabc is missing")))
	if f.Kind != fault.Internal || strings.Contains(f.Public, "pabc") || strings.Contains(f.Public, "3") {
		t.Errorf("public text: %s", f.Public)
	}
}
