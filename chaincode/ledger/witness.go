package ledger

import (
	"fmt"
	"time"
)

// TypeWitness says what a LogState is, so that signed bytes of one kind can never be taken for another's.
const TypeWitness = "yilian/witness/v1"

// RegisterLog names a log and its key. A second registration with the same key changes nothing; with another it is
// refused.
type RegisterLog struct {
	Origin string `json:"origin"` // "<MSP id>.<domain>/log"
	Key    string `json:"key"`    // signed-note verifier key named as the origin
	Note   []byte `json:"note"`   // the checkpoint of the empty tree, signed by Key: shows that the key is held
}

// RotateLog replaces a log's key. The tree stays as it is.
type RotateLog struct {
	Origin    string `json:"origin"`
	Key       string `json:"key"`       // the new verifier key
	Statement []byte `json:"statement"` // signed note over RotateText, signed by the old and by the new key
	Note      []byte `json:"note"`      // the last witnessed checkpoint (same size and root), signed by the new key
}

// RotateText is the text of RotateLog.Statement. Size binds it to one moment of the log, so that it cannot be used
// again later.
func RotateText(origin, newKey string, size int64) string {
	return fmt.Sprintf("yilian/witness/rotate/v1\n%s\n%s\n%d\n", origin, newKey, size)
}

// CheckpointArgs asks the witness to accept a new checkpoint.
type CheckpointArgs struct {
	Note []byte `json:"note"` // signed checkpoint (C2SP tlog-checkpoint)
	// consistency proof from the last witnessed size (RFC 6962, 2.1.2), 32 bytes each; empty from size 0
	Proof [][]byte `json:"proof"`
}

// LogQuery asks for one log.
type LogQuery struct {
	Origin string `json:"origin"`
}

// LogState is what the ledger knows of one log. Key verifies Note, and Note says Origin, Size and Root: nothing outside
// the value is needed to check it.
type LogState struct {
	Type    string `json:"type"`    // TypeWitness
	Channel string `json:"channel"` // the ledger that vouches for it
	Origin  string `json:"origin"`
	MSP     string `json:"msp"`  // the member whose log it is
	Key     string `json:"key"`  // signed-note verifier key
	Note    []byte `json:"note"` // the last witnessed checkpoint, as signed
	Size    int64  `json:"size"`
	Root    []byte `json:"root"` // 32 bytes
	// transaction time of the last change, within five minutes of the endorsers' clocks
	Time       time.Time    `json:"time"`
	Tx         string       `json:"tx"` // id of that transaction
	Registered time.Time    `json:"registered"`
	Retired    []RetiredKey `json:"retired,omitempty"`  // earlier keys, oldest first
	Attested   *time.Time   `json:"attested,omitempty"` // in a signed read only: the time of the reading
}

// RetiredKey is a key that signed a log's checkpoints up to a size.
type RetiredKey struct {
	Key  string `json:"key"`
	Size int64  `json:"size"` // the tree's size when it was retired
	Tx   string `json:"tx"`
}
