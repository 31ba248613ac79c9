package release

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// A member may send anything. What it sends is decided, decoded and checked before it is shown or kept: that it answers
// the question, that the ledger knows the consent, that the bytes are the resource that the statement names, and that
// the custodian logged them.

// ConsentReader reads a consent's state on the ledger; fault.NotFound where it has none of that id.
type ConsentReader interface {
	Consent(ctx context.Context, id string) (ledger.ConsentState, error)
}

// Prover shows that records stand in a custodian's public log, under a checkpoint that the members attest.
type Prover interface {
	// Prove tells of each record whether that was shown. It was not where the log or the members cannot be asked in time,
	// or have not got that far yet. An error means that one does not stand where the custodian said.
	Prove(ctx context.Context, custodian consortium.OrgID, parts []Part) ([]bool, error)
}

// ledgerPatience is how long a reply waits for the ledger's word.
const ledgerPatience = 3 * time.Second

// confirmConsent wants an allowing decision to name a consent that the ledger has. False means that the ledger does not
// say now that it is granted and in its period: the reply is kept, since it did come, and is not shown until it does.
func (r *Asking) confirmConsent(ctx context.Context, d consortium.Decision) (bool, error) {
	if !d.Allow {
		return true, nil
	}
	if raw, err := hex.DecodeString(d.Consent); err != nil || hex.EncodeToString(raw) != d.Consent || len(raw) != 32 {
		return false, untrusted(errors.New("an allowing decision names no consent"))
	}
	asking, cancel := context.WithTimeout(ctx, ledgerPatience)
	defer cancel()
	state, err := r.Ledger.Consent(asking, d.Consent)
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("confirm consent: %w", ctx.Err())
	case fault.Is(err, fault.NotFound):
		return false, fault.Wrap(
			err, fault.Unavailable, CodeNoConsent,
			"The ledger does not know the consent that the other organisation names, so its answer was not used. "+
				"Try again in a minute; tell your administrator if it happens again.",
		)
	case err != nil:
		return false, nil
	}
	return state.ID == d.Consent && state.Status == ledger.StatusGranted && r.Now().Before(time.Unix(state.Until, 0)), nil
}

// prove asks for the proofs of what is about to be shown; one that is false spoils all.
func (r *Asking) prove(
	ctx context.Context, custodian consortium.OrgID, patient consortium.PatientRef, released []Released,
) ([]bool, error) {
	if len(released) == 0 {
		return nil, nil
	}
	parts := make([]Part, len(released))
	for i, rec := range released {
		v, err := rec.version(custodian, patient)
		if err != nil {
			return nil, err
		}
		parts[i] = Part{Custodian: custodian, Version: v, Index: rec.Index}
	}
	witnessed, err := r.Prover.Prove(ctx, custodian, parts)
	if err != nil {
		return nil, untrusted(fmt.Errorf("prove records: %w", err))
	}
	if len(witnessed) != len(parts) {
		return nil, errors.New("prove records: not as many answers as records")
	}
	return witnessed, nil
}

// checkAmount bounds a reply as its sender is bound, and wants each record once.
func checkAmount(released []Released) error {
	if len(released) > maxReleased {
		return errors.New("too many records")
	}
	size, seen := 0, map[[2]string]bool{}
	for i, rec := range released {
		name := [2]string{rec.Type, rec.ID}
		if seen[name] {
			return fmt.Errorf("record %d came twice", i)
		}
		seen[name] = true
		if size += len(rec.Content); size > maxReleasedBytes {
			return errors.New("too many bytes")
		}
	}
	return nil
}

// checkContent wants valid FHIR of the type, id, version and kind that the statement names. Whom it is about is not
// compared: the reference inside is the custodian's own.
func (rec Released) checkContent() error {
	resource, issues := fhir.Decode(rec.Content)
	if resource == nil || issues.Failed() {
		return errors.New("content is not valid FHIR")
	}
	if resource.Type != rec.Type || resource.ID != rec.ID || resource.VersionID() != strconv.Itoa(rec.Number) {
		return errors.New("content is another resource than the statement names")
	}
	if class, kept := fhir.ClassOf(rec.Type); !kept || class.Kind != rec.Kind {
		return errors.New("content is of another kind than the statement names")
	}
	return nil
}

// readExactly reads what another member wrote, and refuses every other bytes than the one way to write it: a key that
// is doubled or differently spelt would be read differently elsewhere. Its errors quote nothing.
func readExactly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New("answer has unknown or malformed keys")
	}
	again, err := json.Marshal(into)
	if err != nil {
		return errors.New("answer cannot be written again")
	}
	if !bytes.Equal(again, data) {
		return errors.New(
			"answer is not written as documented: a key is doubled or differently spelt, or something was added",
		)
	}
	return nil
}
