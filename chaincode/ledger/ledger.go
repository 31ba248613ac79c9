// Package ledger is what the ledger stores and the exact bytes that people sign: the arguments and answers of the
// chaincode "yilian" as JSON types, message functions, and the verification of a browser's P-256 signature.
//
// It imports nothing but the standard library, so that contract, gateway, auditors and foreign programs can share it.
// It decides nothing: the rules are in chaincode/contract.
package ledger

// Names of the functions of the chaincode. Each takes one JSON string and returns JSON; the type of the argument is in
// the comment.
const (
	WitnessRegister   = "witness:Register"   // RegisterLog -> LogState
	WitnessRotate     = "witness:Rotate"     // RotateLog -> LogState
	WitnessCheckpoint = "witness:Checkpoint" // CheckpointArgs -> LogState
	WitnessLatest     = "witness:Latest"     // LogQuery -> LogState
	WitnessAll        = "witness:All"        // {} -> []LogState, ordered by origin
	// LogQuery -> LogState with Attested set: made to be endorsed by all, never submitted
	WitnessAttest = "witness:Attest"

	ConsentGrant         = "consent:Grant"         // Grant -> ConsentState
	ConsentWithdraw      = "consent:Withdraw"      // Withdrawal -> ConsentState
	ConsentRead          = "consent:Read"          // ConsentQuery -> ConsentState
	ConsentRegisterStaff = "consent:RegisterStaff" // Staff -> StaffState
	ConsentRetireStaff   = "consent:RetireStaff"   // Staff -> StaffState
)

// Attribute and RoleGateway are what a client certificate must carry (Fabric's attribute extension) to change anything.
const (
	Attribute   = "yilian.role"
	RoleGateway = "gateway"
)

// Events of the chaincode. Their payload is Event as JSON.
const (
	EventCheckpoint       = "witness.checkpoint"
	EventConsentGranted   = "consent.granted"
	EventConsentWithdrawn = "consent.withdrawn"
)

// Event is the payload of every chaincode event: ID for consents, Origin for checkpoints. It never says more, since
// anyone on the channel reads it.
type Event struct {
	ID     string `json:"id,omitempty"`
	Origin string `json:"origin,omitempty"`
}
