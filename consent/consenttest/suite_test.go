package consenttest

import (
	"testing"
	"time"
)

func TestBook(t *testing.T) {
	RunStore(t, func(*testing.T) Store { return NewBook() })
}

func TestLedger(t *testing.T) {
	RunLedger(t, NewLedger(time.Now))
}
