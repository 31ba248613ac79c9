package contract

import (
	"bytes"
	"encoding/json"
	"io"

	"yilian.example/chaincode/ledger"
)

// Kinds of composite keys.
const (
	keyLog     = "log"     // origin
	keyConsent = "consent" // id
	keyStaff   = "staff"   // MSP, id
)

// maxArgument bounds the argument of any function, in bytes.
const maxArgument = 32 << 10

// decode reads a function's one argument. Unknown fields and trailing bytes are refused, so that a caller who misspells
// a field learns it.
func decode(argument string, into any) error {
	if len(argument) > maxArgument {
		return refuse(ledger.CodeArgument, "the argument is too large")
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(argument)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(ledger.CodeArgument, "the argument is not the JSON that this function takes")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refuse(ledger.CodeArgument, "something follows the argument's JSON")
	}
	return nil
}

// load reads a value; false where there is none.
func (c call) load(into any, kind string, parts ...string) (bool, error) {
	key, err := c.stub.CreateCompositeKey(kind, parts)
	if err != nil {
		return false, refuse(ledger.CodeArgument, "the name cannot be a key")
	}
	raw, err := c.stub.GetState(key)
	if err != nil {
		return false, refuse(ledger.CodeState, "the peer cannot read its state")
	}
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, refuse(ledger.CodeState, "what is stored is not the JSON expected")
	}
	return true, nil
}

// save writes a value and returns it as the function's answer. Struct fields are written in their order, so the
// bytes are the same at every endorser.
func (c call) save(value any, kind string, parts ...string) (string, error) {
	key, err := c.stub.CreateCompositeKey(kind, parts)
	if err != nil {
		return "", refuse(ledger.CodeArgument, "the name cannot be a key")
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return "", refuse(ledger.CodeState, "the new value cannot be written as JSON")
	}
	if err := c.stub.PutState(key, raw); err != nil {
		return "", refuse(ledger.CodeState, "the peer cannot take a write")
	}
	return string(raw), nil
}

// emit sets the transaction's event.
func (c call) emit(name string, event ledger.Event) error {
	raw, err := json.Marshal(event)
	if err != nil {
		return refuse(ledger.CodeState, "the event cannot be written as JSON")
	}
	if err := c.stub.SetEvent(name, raw); err != nil {
		return refuse(ledger.CodeState, "the peer cannot take an event")
	}
	return nil
}

// answer is a function's result where nothing was written.
func answer(value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", refuse(ledger.CodeState, "the answer cannot be written as JSON")
	}
	return string(raw), nil
}
