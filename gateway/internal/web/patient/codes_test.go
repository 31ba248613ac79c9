package patient

import (
	"testing"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

// TestCodesHaveWords holds the texts against the codes that reach these pages from elsewhere.
func TestCodesHaveWords(t *testing.T) {
	for _, a := range consortium.Actions() {
		if _, ok := texts["access.action."+string(a)]; !ok {
			t.Errorf("the action %s has no words", a)
		}
	}
	for _, s := range []consent.State{consent.Pending, consent.Refused, consent.Withdrawn} {
		if _, ok := texts["consents.state."+string(s)]; !ok {
			t.Errorf("the state %s has no words", s)
		}
	}
}
