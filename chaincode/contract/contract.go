// Package contract is what every member's peer runs: the witness of the members' transparency logs, and the ledger of
// consents.
//
// Every endorser must come to the same result, so nothing here reads a random number, the order of a map or the
// environment, or starts a goroutine. The clock is injected and read in one place (guard.go), where it can only lead to
// a refusal. Keys are composite keys; values are the JSON of chaincode/ledger. A refusal is a *ledger.Refusal: a stable
// code and a sentence without anything from the caller's argument but sizes.
package contract

import (
	"fmt"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
)

// New makes the chaincode. now is the endorser's clock; it is used to refuse transactions whose time is too far from
// it, and for nothing else.
func New(now func() time.Time) (shim.Chaincode, error) {
	g := guard{now: now}
	witness := &Witness{guard: g}
	witness.Name = "witness"
	consent := &Consent{guard: g}
	consent.Name = "consent"
	chaincode, err := contractapi.NewChaincode(witness, consent)
	if err != nil {
		return nil, fmt.Errorf("build chaincode: %w", err)
	}
	chaincode.Info.Title = "yilian"
	chaincode.Info.Version = "1"
	return chaincode, nil
}
