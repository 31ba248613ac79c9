package bound_test

import (
	"errors"
	"testing"

	"yilian.example/gateway/internal/bound"
)

func TestAnchorOpensUnderItsNumberAlone(t *testing.T) {
	key, err := bound.New(make([]byte, bound.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.SealAnchor(7, []byte("numbers"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.OpenAnchor(7, sealed); err != nil || string(got) != "numbers" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := key.OpenAnchor(8, sealed); !errors.Is(err, bound.ErrAnchor) {
		t.Errorf("under another number: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := key.OpenAnchor(7, sealed); !errors.Is(err, bound.ErrAnchor) {
		t.Errorf("changed: %v", err)
	}
}
