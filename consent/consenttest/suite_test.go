package consenttest

import "testing"

func TestBook(t *testing.T) {
	RunStore(t, func(*testing.T) Store { return NewBook() })
}
