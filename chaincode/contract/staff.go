package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"yilian.example/chaincode/ledger"
)

// RegisterStaff names a staff key of the caller's organisation, which may then vouch for assisted consents; again
// changes nothing: ledger.Staff -> ledger.StaffState.
func (k *Consent) RegisterStaff(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	staff, state, found, err := c.staff(argument)
	if err != nil {
		return "", err
	}
	if found && state.RetiredAt != nil {
		return "", refuse(ledger.CodeStaffUnknown, "this staff key is retired and cannot come back")
	}
	if found {
		return answer(state)
	}
	state = ledger.StaffState{MSP: c.msp, ID: staff.ID, PublicKey: staff.PublicKey, RegisteredAt: c.time}
	return c.save(state, keyStaff, c.msp, staff.ID)
}

// RetireStaff ends a staff key of the caller's organisation. Consents that it vouched for stay: ledger.Staff ->
// ledger.StaffState.
func (k *Consent) RetireStaff(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := k.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	_, state, found, err := c.staff(argument)
	if err != nil {
		return "", err
	}
	if !found {
		return "", refuse(ledger.CodeStaffUnknown, "this staff key is not registered by the caller's organisation")
	}
	if state.RetiredAt != nil {
		return answer(state)
	}
	state.RetiredAt = &c.time
	return c.save(state, keyStaff, c.msp, state.ID)
}

// staff reads a staff argument, and what the caller's organisation registered under its id.
func (c call) staff(argument string) (ledger.Staff, ledger.StaffState, bool, error) {
	var staff ledger.Staff
	var state ledger.StaffState
	if err := decode(argument, &staff); err != nil {
		return staff, state, false, err
	}
	if _, err := ledger.ParseP256(staff.PublicKey); err != nil {
		return staff, state, false, refuse(ledger.CodeArgument, "the public key is not P-256 in SubjectPublicKeyInfo form")
	}
	if staff.ID != ledger.StaffID(staff.PublicKey) {
		return staff, state, false, refuse(ledger.CodeArgument, "the id is not the hash of the public key")
	}
	found, err := c.load(&state, keyStaff, c.msp, staff.ID)
	return staff, state, found, err
}
