package contract

import (
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"yilian.example/chaincode/ledger"
)

// maxSkew is how far a transaction's time may be from an endorser's clock. The time is the client's claim; the bound
// makes it one that the endorsers vouch for.
const maxSkew = 5 * time.Minute

// guard lets a call in. The first line of every contract function calls one of its methods.
type guard struct {
	now func() time.Time
}

// call is one invocation that was let in.
type call struct {
	stub shim.ChaincodeStubInterface
	msp  string    // the caller's member organisation
	time time.Time // the transaction's time, bounded, in UTC
}

// member lets in anyone whom the channel knows: for reading.
func (g guard) member(ctx contractapi.TransactionContextInterface) (call, error) {
	c, _, err := g.identify(ctx)
	return c, err
}

// gateway lets in members' gateways only: for everything that writes.
func (g guard) gateway(ctx contractapi.TransactionContextInterface) (call, error) {
	c, caller, err := g.identify(ctx)
	if err != nil {
		return call{}, err
	}
	role, found, err := caller.GetAttributeValue(ledger.Attribute)
	if err != nil || !found || role != ledger.RoleGateway {
		return call{}, refuse(ledger.CodeCaller, "the certificate does not carry yilian.role=gateway")
	}
	return c, nil
}

// identify reads the caller's X.509 identity from the stub itself: the context's own is a nil pointer in disguise where
// it cannot be read.
func (g guard) identify(ctx contractapi.TransactionContextInterface) (call, *cid.ClientID, error) {
	stub := ctx.GetStub()
	if len(stub.GetArgs()) != 2 { // the function's name and its argument; the contract API ignores what follows
		return call{}, nil, refuse(ledger.CodeArgument, "a function takes one argument")
	}
	caller, err := cid.New(stub)
	if err != nil {
		return call{}, nil, refuse(ledger.CodeCaller, "the caller's identity cannot be read")
	}
	msp, err := caller.GetMSPID()
	if err != nil || msp == "" {
		return call{}, nil, refuse(ledger.CodeCaller, "the caller belongs to no member")
	}
	cert, err := caller.GetX509Certificate()
	if err != nil || cert == nil {
		return call{}, nil, refuse(ledger.CodeCaller, "the caller has no X.509 certificate")
	}
	at, err := g.boundedTime(stub)
	if err != nil {
		return call{}, nil, err
	}
	return call{stub: stub, msp: msp, time: at}, caller, nil
}

// boundedTime is the one place where a contract reads a clock.
func (g guard) boundedTime(stub shim.ChaincodeStubInterface) (time.Time, error) {
	stamp, err := stub.GetTxTimestamp()
	if err != nil || stamp.CheckValid() != nil {
		return time.Time{}, refuse(ledger.CodeTime, "the transaction has no valid time")
	}
	at := stamp.AsTime()
	if skew := g.now().Sub(at).Abs(); skew > maxSkew {
		return time.Time{}, refuse(
			ledger.CodeTime, "the transaction's time is more than five minutes from this endorser's clock",
		)
	}
	return at, nil
}

func refuse(code ledger.Code, text string) error {
	return &ledger.Refusal{Code: code, Text: text}
}
