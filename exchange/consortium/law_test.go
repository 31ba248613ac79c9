package consortium_test

import (
	"reflect"
	"testing"

	"yilian.example/exchange/consortium"
)

func TestEveryLawHasACodeOfItsOwnAndBothNames(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range consortium.Laws() {
		if l.Code == "" || l.Chinese == "" || l.English == "" || seen[l.Code] {
			t.Errorf("%+v lacks a name or repeats a code", l)
		}
		seen[l.Code] = true
	}
}

func TestCitationsOfSeveralLawsAreRead(t *testing.T) {
	got, err := consortium.ParseCitations("PIPL 13(2), 28; MRM 14")
	if err != nil {
		t.Fatal(err)
	}
	pipl, _ := consortium.LawOf("PIPL")
	mrm, _ := consortium.LawOf("MRM")
	want := []consortium.Citation{{Law: pipl, Articles: []string{"13(2)", "28"}}, {Law: mrm, Articles: []string{"14"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v", got)
	}
}

func TestCitationsThatNameNoKnownLawAreRefused(t *testing.T) {
	for _, text := range []string{"", "23", "GDPR 6", "PIPL 23;MRM 14", "PIPL 23,29", "PIPL ", "PIPL x", "PIPL 23; "} {
		if got, err := consortium.ParseCitations(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}
