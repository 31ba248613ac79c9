package contract

import (
	"bytes"
	"errors"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"yilian.example/chaincode/record"
)

// Consent keeps patients' consents. Each has a key of its own; grant and withdrawal verify under it, so that no member
// can invent either. Anybody's gateway may carry them.
type Consent struct {
	contractapi.Contract
	guard guard
}

// GetEvaluateTransactions names the functions that only read.
func (k *Consent) GetEvaluateTransactions() []string { return []string{"Read"} }

// Grant records a consent; the same one again changes nothing: record.Grant -> record.ConsentState.
func (k *Consent) Grant(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var grant record.Grant
	if err := decode(argument, &grant); err != nil {
		return "", err
	}
	if err := checkGrant(grant); err != nil {
		return "", err
	}
	var known record.ConsentState
	found, err := c.load(&known, keyConsent, grant.ID)
	if err != nil {
		return "", err
	}
	if found {
		return grantedAlready(known, grant)
	}
	if grant.Until <= c.time.Unix() || grant.Until > c.time.AddDate(record.MaxConsentYears, 0, 0).Unix() {
		return "", refuse(record.CodeConsentUntil, "a consent ends in the future, and within five years")
	}
	state := record.ConsentState{
		Type: record.TypeConsent, Channel: c.stub.GetChannelID(), ID: grant.ID, Status: record.StatusGranted,
		PublicKey: grant.PublicKey, Commitment: grant.Commitment, Until: grant.Until, Signature: grant.Signature,
		Mode: grant.Mode, GrantedAt: c.time, GrantTx: c.stub.GetTxID(),
	}
	if grant.Mode == record.ModeAssisted {
		if err := c.checkAssistance(grant); err != nil {
			return "", err
		}
		state.StaffMSP, state.Staff, state.StaffSignature = c.msp, grant.Staff, grant.StaffSignature
	}
	if err := c.emit(record.EventConsentGranted, record.Event{ID: grant.ID}); err != nil {
		return "", err
	}
	return c.save(state, keyConsent, grant.ID)
}

// Withdraw ends a consent for good, even one that has expired; again changes nothing: record.Withdrawal ->
// record.ConsentState.
func (k *Consent) Withdraw(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var withdrawal record.Withdrawal
	if err := decode(argument, &withdrawal); err != nil {
		return "", err
	}
	state, err := c.consent(withdrawal.ID)
	if err != nil {
		return "", err
	}
	if err := verify(state.PublicKey, record.WithdrawalMessage(state.ID), withdrawal.Signature); err != nil {
		return "", err
	}
	if state.Status == record.StatusWithdrawn {
		return answer(state)
	}
	state.Status = record.StatusWithdrawn
	state.WithdrawnAt = &c.time
	state.WithdrawTx = c.stub.GetTxID()
	state.WithdrawalSignature = withdrawal.Signature
	if err := c.emit(record.EventConsentWithdrawn, record.Event{ID: state.ID}); err != nil {
		return "", err
	}
	return c.save(state, keyConsent, state.ID)
}

// Read gives one consent: record.ConsentQuery -> record.ConsentState.
func (k *Consent) Read(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.member(ctx)
	if err != nil {
		return "", err
	}
	var query record.ConsentQuery
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
func (c call) consent(id string) (record.ConsentState, error) {
	if !record.ValidID(id) {
		return record.ConsentState{}, refuse(record.CodeArgument, "a consent's id is 64 lower-case hexadecimal digits")
	}
	var state record.ConsentState
	found, err := c.load(&state, keyConsent, id)
	if err != nil {
		return record.ConsentState{}, err
	}
	if !found {
		return record.ConsentState{}, refuse(record.CodeConsentUnknown, "this consent is not on the ledger")
	}
	return state, nil
}

// checkGrant checks what needs no state: shape, id and the patient's signature.
func checkGrant(grant record.Grant) error {
	if len(grant.Commitment) != 32 {
		return refuse(record.CodeArgument, "a commitment has 32 bytes")
	}
	if grant.Mode != record.ModeSelf && grant.Mode != record.ModeAssisted {
		return refuse(record.CodeArgument, "the mode is self or assisted")
	}
	if grant.Mode == record.ModeSelf && (grant.Staff != "" || len(grant.StaffSignature) != 0) {
		return refuse(record.CodeArgument, "only an assisted consent names staff")
	}
	if grant.ID != record.ConsentID(grant.PublicKey) {
		return refuse(record.CodeArgument, "the id is not the hash of the public key")
	}
	return verify(grant.PublicKey, record.GrantMessage(grant.ID, [32]byte(grant.Commitment), grant.Until), grant.Signature)
}

// grantedAlready answers a grant whose id is known. Signatures are not compared: an ECDSA signer makes a new one each
// time.
func grantedAlready(known record.ConsentState, grant record.Grant) (string, error) {
	if known.Status == record.StatusWithdrawn {
		return "", refuse(record.CodeConsentWithdrawn, "this consent was withdrawn; a new one needs a new key")
	}
	if !bytes.Equal(known.Commitment, grant.Commitment) || known.Until != grant.Until || known.Mode != grant.Mode ||
		known.Staff != grant.Staff {
		return "", refuse(record.CodeConsentExists, "this key has granted something else already")
	}
	return answer(known)
}

// checkAssistance verifies that a member of the caller's own staff vouches for the grant.
func (c call) checkAssistance(grant record.Grant) error {
	if !record.ValidID(grant.Staff) {
		return refuse(record.CodeArgument, "an assisted consent names the staff key that vouches for it")
	}
	var staff record.StaffState
	found, err := c.load(&staff, keyStaff, c.msp, grant.Staff)
	if err != nil {
		return err
	}
	if !found || staff.RetiredAt != nil {
		return refuse(record.CodeStaffUnknown, "this staff key is not registered by the caller's organisation")
	}
	message := record.AssistMessage(grant.Staff, grant.ID, [32]byte(grant.Commitment), grant.Until)
	return verify(staff.PublicKey, message, grant.StaffSignature)
}

func verify(publicKey, message, signature []byte) error {
	err := record.VerifyP256(publicKey, message, signature)
	if errors.Is(err, record.ErrKey) {
		return refuse(record.CodeArgument, "the public key is not P-256 in SubjectPublicKeyInfo form")
	}
	if err != nil {
		return refuse(record.CodeSignature, "the signature does not verify")
	}
	return nil
}
