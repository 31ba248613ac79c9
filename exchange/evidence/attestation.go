package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Attestation is what the members' peers signed about one log: the part of a signed read (chaincode/README.md) that the
// signatures cover, and nothing else, so that not one byte of it can be changed without being noticed.
type Attestation struct {
	Signed       []byte        `json:"signed"`       // peer.ProposalResponsePayload, exactly as signed
	Endorsements []Endorsement `json:"endorsements"` // one of each member, ordered by member
}

// Endorsement is one peer's signature over Signed followed by Endorser.
type Endorsement struct {
	Endorser  []byte `json:"endorser"`  // msp.SerializedIdentity: the member and the peer's certificate
	Signature []byte `json:"signature"` // ECDSA, ASN.1
}

// NewAttestation takes from a prepared transaction, as the ledger's gateway puts it together, what the peers signed.
func NewAttestation(prepared []byte) (Attestation, error) {
	var (
		whole       gateway.PreparedTransaction
		payload     common.Payload
		transaction peer.Transaction
		action      peer.ChaincodeActionPayload
	)
	if proto.Unmarshal(prepared, &whole) != nil || proto.Unmarshal(whole.GetEnvelope().GetPayload(), &payload) != nil ||
		proto.Unmarshal(payload.GetData(), &transaction) != nil || len(transaction.GetActions()) != 1 ||
		proto.Unmarshal(transaction.GetActions()[0].GetPayload(), &action) != nil {
		return Attestation{}, errors.New("read attestation: it is not a prepared transaction of the ledger")
	}
	a := Attestation{Signed: action.GetAction().GetProposalResponsePayload()}
	type named struct {
		member string
		Endorsement
	}
	var all []named
	for _, e := range action.GetAction().GetEndorsements() {
		var id msp.SerializedIdentity
		if proto.Unmarshal(e.GetEndorser(), &id) != nil {
			return Attestation{}, errors.New("read attestation: an endorser's identity is malformed")
		}
		all = append(all, named{id.GetMspid(), Endorsement{Endorser: e.GetEndorser(), Signature: e.GetSignature()}})
	}
	slices.SortStableFunc(all, func(x, y named) int { return cmp.Compare(x.member, y.member) })
	all = slices.CompactFunc(all, func(x, y named) bool { return x.member == y.member })
	for _, n := range all {
		a.Endorsements = append(a.Endorsements, n.Endorsement)
	}
	return a, nil
}

// Bytes returns the attestation as it is served.
func (a Attestation) Bytes() ([]byte, error) { return layOut(a) }

// signedRead is what of an attestation the members' peers signed, taken apart.
type signedRead struct {
	chaincode string
	status    int32
	answer    ledger.LogState
}

// read takes the signed part apart.
func (a Attestation) read() (signedRead, error) {
	var (
		response peer.ProposalResponsePayload
		result   peer.ChaincodeAction
	)
	if len(a.Signed) == 0 || proto.Unmarshal(a.Signed, &response) != nil ||
		proto.Unmarshal(response.GetExtension(), &result) != nil {
		return signedRead{}, errors.New("the attestation is not an answer of the ledger's peers")
	}
	read := signedRead{chaincode: result.GetChaincodeId().GetName(), status: result.GetResponse().GetStatus()}
	raw := result.GetResponse().GetPayload()
	if err := json.Unmarshal(raw, &read.answer); err != nil {
		return signedRead{}, errors.New("the attestation's answer is not JSON of the expected shape")
	}
	// Only witness:Attest sets the time of asking. An endorsed but never committed witness:Checkpoint answers with the
	// same type, about a state that no ledger holds: it must not pass for a reading.
	if read.answer.Attested == nil || read.answer.Type != ledger.TypeWitness {
		return signedRead{}, errors.New("the attestation is not the answer of witness:Attest")
	}
	if again, err := json.Marshal(read.answer); err != nil || !bytes.Equal(again, raw) {
		return signedRead{}, errors.New("the attestation's answer has doubled, unknown or differently written keys")
	}
	return read, nil
}

// check compares what the peers signed with what the verifier expects: the chaincode, the ledger, and that the log is a
// member's own, under its one name.
func (r signedRead) check(opts Options) error {
	a := r.answer
	switch {
	case r.status != 200:
		return errors.New("the peers' answer is a refusal")
	case r.chaincode != opts.Chaincode:
		return errors.New("the answer comes from another chaincode")
	case opts.Channel != "" && a.Channel != opts.Channel:
		return errors.New("the answer comes from another ledger")
	case opts.Domain == "":
		return errors.New("the consortium's domain was not given, so it cannot be told whose log this is")
	case !consortium.OrgID(a.MSP).Valid() || a.Origin != consortium.LogOrigin(consortium.OrgID(a.MSP), opts.Domain):
		return errors.New("the ledger vouches for a log that is no member's own: its name is not <member>.<domain>/log")
	case a.Attested.Before(a.Time) || a.Time.Before(a.Registered):
		return errors.New("the attestation is older than the checkpoint")
	}
	return nil
}

// checkpoint opens the checkpoint that the ledger holds.
func (r signedRead) checkpoint() (tlog.Checkpoint, error) {
	a := r.answer
	c, err := tlog.OpenCheckpoint(a.Note, a.Key)
	if err != nil {
		return tlog.Checkpoint{}, err
	}
	if c.Origin != a.Origin || c.Size != a.Size || !bytes.Equal(c.Root[:], a.Root) {
		return tlog.Checkpoint{}, errors.New("the checkpoint that the ledger holds does not say what the ledger says of it")
	}
	return c, nil
}

// covers compares what the peers signed with the checkpoint of a file.
func (r signedRead) covers(note []byte, c tlog.Checkpoint, key, org string) error {
	a := r.answer
	switch {
	case a.Origin != c.Origin || a.MSP != org:
		return errors.New("the ledger vouches for another log")
	case a.Key != key:
		return errors.New("the ledger knows the log by another key")
	case !bytes.Equal(a.Note, note) || a.Size != c.Size || !bytes.Equal(a.Root, c.Root[:]):
		return errors.New("the ledger witnessed another checkpoint")
	}
	return nil
}

// LogAttested is one member's log as the members attest it.
type LogAttested struct {
	Org        string
	Checkpoint tlog.Checkpoint // the newest that the ledger has witnessed
	Key        string          // the key that the ledger has for the log
	Members    []string        // whose peers signed
	State      ledger.LogState
}

// VerifyAttestation checks what a log's address serves as the members' word about it. Whoever audits a log must compare
// it with the answer, and the answer's time with a clock: an old attestation is still a true one, of an old log.
// Errors are fault.Invalid.
func VerifyAttestation(data []byte, roots Roots, opts Options) (LogAttested, error) {
	l, err := verifyAttestation(data, roots, opts.withDefaults())
	if err != nil {
		return LogAttested{}, fault.Wrap(
			err, fault.Invalid, CodeLogSilent, "The members' attestation of this log does not hold: "+err.Error()+".",
		)
	}
	return l, nil
}

func verifyAttestation(data []byte, roots Roots, opts Options) (LogAttested, error) {
	var a Attestation
	if err := readExactly(data, &a); err != nil {
		return LogAttested{}, err
	}
	read, err := a.read()
	if err != nil {
		return LogAttested{}, err
	}
	members, err := a.checkQuorum(read, roots, opts.Quorum)
	if err != nil {
		return LogAttested{}, err
	}
	if err := read.check(opts); err != nil {
		return LogAttested{}, err
	}
	if len(roots[read.answer.MSP]) == 0 {
		return LogAttested{}, fmt.Errorf("%s is no member whose root is known", read.answer.MSP)
	}
	c, err := read.checkpoint()
	if err != nil {
		return LogAttested{}, err
	}
	return LogAttested{
		Org: read.answer.MSP, Checkpoint: c, Key: read.answer.Key, Members: members, State: read.answer,
	}, nil
}
