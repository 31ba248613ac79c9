package exchange

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
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
