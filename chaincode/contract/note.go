package contract

import (
	"golang.org/x/mod/sumdb/note"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/tlog"
)

// Bounds on what a checkpoint may bring along.
const (
	maxNote  = 4 << 10 // bytes; a checkpoint with one signature has about 200
	maxProof = 2 * 63  // hashes; a consistency proof needs at most about two for each level of the tree
)

// checkKey refuses a verifier key that cannot be read or is not named as the log.
func checkKey(key, origin string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return refuse(ledger.CodeArgument, "the key is not a signed-note verifier key")
	}
	if verifier.Name() != origin {
		return refuse(ledger.CodeArgument, "the key is not named as the log")
	}
	return nil
}

// checkRotation verifies that both keys signed this change at this size.
func checkRotation(args ledger.RotateLog, state ledger.LogState) error {
	if len(args.Statement) > maxNote {
		return refuse(ledger.CodeArgument, "the statement is too large")
	}
	for _, key := range []string{state.Key, args.Key} {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return refuse(ledger.CodeState, "a key cannot be read")
		}
		signed, err := note.Open(args.Statement, note.VerifierList(verifier))
		if err != nil || signed.Text != ledger.RotateText(args.Origin, args.Key, state.Size) {
			return refuse(ledger.CodeSignature, "the old and the new key must both sign the change of key at the witnessed size")
		}
	}
	return nil
}

// open verifies a checkpoint under a key.
func open(signed []byte, key string) (tlog.Checkpoint, error) {
	if len(signed) > maxNote {
		return tlog.Checkpoint{}, refuse(ledger.CodeArgument, "the checkpoint is too large")
	}
	checkpoint, err := tlog.OpenCheckpoint(signed, key)
	if err != nil {
		return tlog.Checkpoint{}, refuse(ledger.CodeSignature, "the checkpoint does not verify under the log's key")
	}
	return checkpoint, nil
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	if len(raw) > maxProof {
		return nil, refuse(ledger.CodeArgument, "the proof is too long")
	}
	proof := make([]tlog.Hash, len(raw))
	for i, h := range raw {
		if len(h) != len(tlog.Hash{}) {
			return nil, refuse(ledger.CodeArgument, "a proof is made of hashes of 32 bytes")
		}
		proof[i] = tlog.Hash(h)
	}
	return proof, nil
}
