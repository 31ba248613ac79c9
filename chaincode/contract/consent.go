package contract

import (
	"bytes"
	"errors"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"yilian.example/chaincode/ledger"
)

// Consent keeps patients' consents. Each has a key of its own; grant and withdrawal verify under it, so that no member
// can invent either. Anybody's gateway may carry them.
type Consent struct {
	contractapi.Contract
	guard guard
}

// GetEvaluateTransactions names the functions that only read.
func (k *Consent) GetEvaluateTransactions() []string { return []string{"Read"} }

// Grant records a consent; the same one again changes nothing: ledger.Grant -> ledger.ConsentState.
func (k *Consent) Grant(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var grant ledger.Grant
	if err := decode(argument, &grant); err != nil {
		return "", err
	}
	if err := checkGrant(grant); err != nil {
		return "", err
	}
	var known ledger.ConsentState
	found, err := c.load(&known, keyConsent, grant.ID)
	if err != nil {
		return "", err
	}
	if found {
		return grantedAlready(known, grant)
	}
	if grant.Until <= c.time.Unix() || grant.Until > c.time.AddDate(ledger.MaxConsentYears, 0, 0).Unix() {
		return "", refuse(ledger.CodeConsentUntil, "a consent ends in the future, and within five years")
	}
	state := ledger.ConsentState{
		Type: ledger.TypeConsent, Channel: c.stub.GetChannelID(), ID: grant.ID, Status: ledger.StatusGranted,
		PublicKey: grant.PublicKey, Commitment: grant.Commitment, Until: grant.Until, Signature: grant.Signature,
		Mode: grant.Mode, GrantedAt: c.time, GrantTx: c.stub.GetTxID(),
	}
	if grant.Mode == ledger.ModeAssisted {
		if err := c.checkAssistance(grant); err != nil {
			return "", err
		}
		state.StaffMSP, state.Staff, state.StaffSignature = c.msp, grant.Staff, grant.StaffSignature
	}
	if err := c.emit(ledger.EventConsentGranted, ledger.Event{ID: grant.ID}); err != nil {
		return "", err
	}
	return c.save(state, keyConsent, grant.ID)
}

// Withdraw ends a consent for good, even one that has expired; again changes nothing: ledger.Withdrawal ->
// ledger.ConsentState.
func (k *Consent) Withdraw(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var withdrawal ledger.Withdrawal
	if err := decode(argument, &withdrawal); err != nil {
		return "", err
	}
	state, err := c.consent(withdrawal.ID)
	if err != nil {
		return "", err
	}
	if err := verify(state.PublicKey, ledger.WithdrawalMessage(state.ID), withdrawal.Signature); err != nil {
		return "", err
	}
	if state.Status == ledger.StatusWithdrawn {
		return answer(state)
	}
	state.Status = ledger.StatusWithdrawn
	state.WithdrawnAt = &c.time
	state.WithdrawTx = c.stub.GetTxID()
	state.WithdrawalSignature = withdrawal.Signature
	if err := c.emit(ledger.EventConsentWithdrawn, ledger.Event{ID: state.ID}); err != nil {
		return "", err
	}
	return c.save(state, keyConsent, state.ID)
}

// Read returns one consent: ledger.ConsentQuery -> ledger.ConsentState.
func (k *Consent) Read(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.member(ctx)
	if err != nil {
		return "", err
	}
	var query ledger.ConsentQuery
	if err := decode(argument, &query); err != nil {
		return "", err
	}
	state, err := c.consent(query.ID)
	if err != nil {
		return "", err
	}
	return answer(state)
}

// consent loads one consent by its id.
func (c call) consent(id string) (ledger.ConsentState, error) {
	if !ledger.ValidID(id) {
		return ledger.ConsentState{}, refuse(ledger.CodeArgument, "a consent's id is 64 lower-case hexadecimal digits")
	}
	var state ledger.ConsentState
	found, err := c.load(&state, keyConsent, id)
	if err != nil {
		return ledger.ConsentState{}, err
	}
	if !found {
		return ledger.ConsentState{}, refuse(ledger.CodeConsentUnknown, "this consent is not on the ledger")
	}
	return state, nil
}

// checkGrant checks what needs no state: shape, id and the patient's signature.
func checkGrant(grant ledger.Grant) error {
	if len(grant.Commitment) != 32 {
		return refuse(ledger.CodeArgument, "a commitment has 32 bytes")
	}
	if grant.Mode != ledger.ModeSelf && grant.Mode != ledger.ModeAssisted {
		return refuse(ledger.CodeArgument, "the mode is self or assisted")
	}
	if grant.Mode == ledger.ModeSelf && (grant.Staff != "" || len(grant.StaffSignature) != 0) {
		return refuse(ledger.CodeArgument, "only an assisted consent names staff")
	}
	if grant.ID != ledger.ConsentID(grant.PublicKey) {
		return refuse(ledger.CodeArgument, "the id is not the hash of the public key")
	}
	return verify(grant.PublicKey, ledger.GrantMessage(grant.ID, [32]byte(grant.Commitment), grant.Until), grant.Signature)
}

// grantedAlready answers a grant whose id is known. Signatures are not compared: an ECDSA signer makes a new one each
// time.
func grantedAlready(known ledger.ConsentState, grant ledger.Grant) (string, error) {
	if known.Status == ledger.StatusWithdrawn {
		return "", refuse(ledger.CodeConsentWithdrawn, "this consent was withdrawn; a new one needs a new key")
	}
	if !bytes.Equal(known.Commitment, grant.Commitment) || known.Until != grant.Until || known.Mode != grant.Mode ||
		known.Staff != grant.Staff {
		return "", refuse(ledger.CodeConsentExists, "this key has granted something else already")
	}
	return answer(known)
}

// checkAssistance verifies that a member of the caller's own staff vouches for the grant.
func (c call) checkAssistance(grant ledger.Grant) error {
	if !ledger.ValidID(grant.Staff) {
		return refuse(ledger.CodeArgument, "an assisted consent names the staff key that vouches for it")
	}
	var staff ledger.StaffState
	found, err := c.load(&staff, keyStaff, c.msp, grant.Staff)
	if err != nil {
		return err
	}
	if !found || staff.RetiredAt != nil {
		return refuse(ledger.CodeStaffUnknown, "this staff key is not registered by the caller's organisation")
	}
	message := ledger.AssistMessage(grant.Staff, grant.ID, [32]byte(grant.Commitment), grant.Until)
	return verify(staff.PublicKey, message, grant.StaffSignature)
}

func verify(publicKey, message, signature []byte) error {
	err := ledger.VerifyP256(publicKey, message, signature)
	if errors.Is(err, ledger.ErrKey) {
		return refuse(ledger.CodeArgument, "the public key is not P-256 in SubjectPublicKeyInfo form")
	}
	if err != nil {
		return refuse(ledger.CodeSignature, "the signature does not verify")
	}
	return nil
}
