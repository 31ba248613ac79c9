package consortium_test

import (
	"encoding/json"
	"testing"

	"yilian.example/exchange/consortium"
)

func TestObligationsTravelAsTheTextThatTheyWere(t *testing.T) {
	text := `["UNTIL:noon","ONLY_KINDS","RECEIPT","NO_ONWARD","LATER:a:b"]`
	var list []consortium.Obligation
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if list[0] != (consortium.Obligation{Code: "UNTIL", Argument: "noon"}) {
		t.Errorf("read %+v", list[0])
	}
	again, err := json.Marshal(list)
	if err != nil || string(again) != text {
		t.Errorf("wrote %s, %v", again, err)
	}
	for _, bad := range []string{`[""]`, `[":x"]`, `["UNTIL:"]`, `[1]`} {
		if err := json.Unmarshal([]byte(bad), &list); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestAnObligationBindsOnlyWhereItIsCarriedOut(t *testing.T) {
	for text, binds := range map[string]consortium.Action{
		"ONLY_KINDS": consortium.ActionRelease, "RECEIPT": consortium.ActionRelease, "NO_ONWARD": consortium.ActionRelease,
		"UNTIL:noon": "", "RECEIPT:qingshan": "", "ONLY_KINDS:x": "",
		"WATERMARK": "", "receipt": "",
	} {
		var o consortium.Obligation
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		for _, a := range consortium.Actions() {
			if got := o.Binds(a); got != (a == binds) {
				t.Errorf("%s binds on %s: %v", text, a, got)
			}
			d := consortium.Decision{Query: consortium.Query{Action: a}, Obligations: []consortium.Obligation{o}}
			if unbound, found := d.Unbound(); found == o.Binds(a) || found && unbound != o {
				t.Errorf("a decision on %s with %s: unbound %v %v", a, text, unbound, found)
			}
		}
	}
}
