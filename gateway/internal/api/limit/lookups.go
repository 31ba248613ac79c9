package limit

import (
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// CodeNotFound is of a record that is absent, or not for the caller.
const CodeNotFound fault.Code = "NOT_FOUND"

// Lookups bounds how often a person or system may find out who is known here. A nil one bounds nothing.
type Lookups struct{ *Limiter }

// Asked counts one question about a person.
func (l Lookups) Asked(actor consortium.Actor) error {
	if l.Limiter == nil {
		return nil
	}
	return l.Use(string(actor.Org) + "/" + actor.ID)
}

// Missed returns the error of a reading by id so that a record which is absent and one which is not for the caller look
// alike: the same status, code and words. Each counts as a question about a person, so that nobody tries addresses out;
// who may read is never held up.
func (l Lookups) Missed(actor consortium.Actor, err error) error {
	if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
		return err
	}
	if over := l.Asked(actor); over != nil {
		return over
	}
	return fault.Wrap(err, fault.NotFound, CodeNotFound, "There is no such record, or it is not for you.")
}
