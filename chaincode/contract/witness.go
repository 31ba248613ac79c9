package contract

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/tlog"
)

// originShape is "<MSP id>.<domain>/log".
var originShape = regexp.MustCompile(`^[a-z0-9]{2,32}(\.[a-z0-9-]{1,63}){1,8}/log$`)

// Witness keeps the last checkpoint of every member's log, and accepts a new one only if it extends the last. Two
// checkpoints of one log in one block are settled by Fabric's version check: one of them is invalidated.
type Witness struct {
	contractapi.Contract
	guard guard
}

// GetEvaluateTransactions names the functions that only read.
func (w *Witness) GetEvaluateTransactions() []string { return []string{"Latest", "All", "Attest"} }

// Register names a log of the caller's organisation and the key that signs it: ledger.RegisterLog -> ledger.LogState.
func (w *Witness) Register(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var args ledger.RegisterLog
	if err := decode(argument, &args); err != nil {
		return "", err
	}
	if err := c.ownsOrigin(args.Origin); err != nil {
		return "", err
	}
	if err := checkKey(args.Key, args.Origin); err != nil {
		return "", err
	}
	var state ledger.LogState
	found, err := c.load(&state, keyLog, args.Origin)
	if err != nil {
		return "", err
	}
	if found && state.Key == args.Key {
		return answer(state)
	}
	if found {
		return "", refuse(ledger.CodeLogRegistered, "this log is registered with another key; rotate it with both keys")
	}
	if err := c.pinDomain(args.Origin); err != nil {
		return "", err
	}
	first, err := open(args.Note, args.Key)
	if err != nil {
		return "", err
	}
	if first.Size != 0 || first.Root != tlog.EmptyRoot() {
		return "", refuse(ledger.CodeArgument, "a log is registered with the checkpoint of the empty tree")
	}
	state = ledger.LogState{
		Type: ledger.TypeWitness, Channel: c.stub.GetChannelID(), Origin: args.Origin, MSP: c.msp, Key: args.Key,
		Registered: c.time,
	}
	return c.accept(state, args.Note, first)
}

// Rotate replaces a log's key; both keys must sign: ledger.RotateLog -> ledger.LogState.
func (w *Witness) Rotate(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var args ledger.RotateLog
	if err := decode(argument, &args); err != nil {
		return "", err
	}
	if err := c.ownsOrigin(args.Origin); err != nil {
		return "", err
	}
	state, err := c.log(args.Origin)
	if err != nil {
		return "", err
	}
	if state.Key == args.Key {
		return answer(state)
	}
	if err := checkKey(args.Key, args.Origin); err != nil {
		return "", err
	}
	for _, old := range state.Retired {
		if old.Key == args.Key {
			return "", refuse(ledger.CodeArgument, "a retired key cannot come back")
		}
	}
	if err := checkRotation(args, state); err != nil {
		return "", err
	}
	same, err := open(args.Note, args.Key)
	if err != nil {
		return "", err
	}
	if same.Size != state.Size || string(same.Root[:]) != string(state.Root) {
		return "", refuse(ledger.CodeLogInconsistent, "the new key must sign the last witnessed checkpoint")
	}
	state.Retired = append(state.Retired, ledger.RetiredKey{Key: state.Key, Size: state.Size, Tx: c.stub.GetTxID()})
	state.Key = args.Key
	return c.accept(state, args.Note, same)
}

// Checkpoint accepts a checkpoint that extends the last one; the last one again changes nothing: ledger.CheckpointArgs
// -> ledger.LogState.
func (w *Witness) Checkpoint(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.gateway(ctx)
	if err != nil {
		return "", err
	}
	var args ledger.CheckpointArgs
	if err := decode(argument, &args); err != nil {
		return "", err
	}
	proof, err := hashes(args.Proof)
	if err != nil {
		return "", err
	}
	origin, _, _ := strings.Cut(string(args.Note), "\n")
	if err := c.ownsOrigin(origin); err != nil {
		return "", err
	}
	state, err := c.log(origin)
	if err != nil {
		return "", err
	}
	newer, err := open(args.Note, state.Key)
	if err != nil {
		return "", err
	}
	older := tlog.Checkpoint{Origin: origin, Size: state.Size, Root: tlog.Hash(state.Root)}
	if newer == older {
		return answer(state)
	}
	if newer.Size < older.Size {
		return "", refuse(
			ledger.CodeLogSmaller,
			fmt.Sprintf("the checkpoint has %d entries, the ledger witnessed %d", newer.Size, older.Size),
		)
	}
	if err := tlog.CheckConsistency(proof, newer, older); err != nil {
		return "", refuse(ledger.CodeLogInconsistent,
			fmt.Sprintf("the checkpoint of %d entries is not shown to extend the witnessed one of %d", newer.Size, older.Size))
	}
	return c.accept(state, args.Note, newer)
}

// Latest returns one log as the ledger knows it: ledger.LogQuery -> ledger.LogState.
func (w *Witness) Latest(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.member(ctx)
	if err != nil {
		return "", err
	}
	state, err := c.queryLog(argument)
	if err != nil {
		return "", err
	}
	return answer(state)
}

// Attest returns one log together with the time of asking. It is made to be endorsed by all members' peers and never
// submitted: the endorsements over the answer are what an evidence file carries. ledger.LogQuery -> ledger.LogState.
func (w *Witness) Attest(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.member(ctx)
	if err != nil {
		return "", err
	}
	state, err := c.queryLog(argument)
	if err != nil {
		return "", err
	}
	state.Attested = &c.time
	return answer(state)
}

// All returns every log, ordered by origin: {} -> []ledger.LogState.
func (w *Witness) All(ctx contractapi.TransactionContextInterface, argument string) (string, error) {
	c, err := w.guard.member(ctx)
	if err != nil {
		return "", err
	}
	if err := decode(argument, &struct{}{}); err != nil {
		return "", err
	}
	logs, err := c.logs()
	if err != nil {
		return "", err
	}
	return answer(logs)
}

// accept makes a verified checkpoint the last one.
func (c call) accept(state ledger.LogState, signed []byte, checkpoint tlog.Checkpoint) (string, error) {
	state.Note = signed
	state.Size = checkpoint.Size
	state.Root = checkpoint.Root[:]
	state.Time = c.time
	state.Tx = c.stub.GetTxID()
	if err := c.emit(ledger.EventCheckpoint, ledger.Event{Origin: state.Origin}); err != nil {
		return "", err
	}
	return c.save(state, keyLog, state.Origin)
}

// ownsOrigin refuses an origin that is not of the caller's organisation.
func (c call) ownsOrigin(origin string) error {
	if len(origin) > 255 || !originShape.MatchString(origin) {
		return refuse(ledger.CodeArgument, "a log's origin is <member>.<domain>/log")
	}
	owner, _, _ := strings.Cut(origin, ".")
	if owner != c.msp {
		return refuse(ledger.CodeCaller, "only a log's own member may change it")
	}
	return nil
}

// logs reads all logs, ordered by origin.
func (c call) logs() ([]ledger.LogState, error) {
	rows, err := c.stub.GetStateByPartialCompositeKey(keyLog, nil)
	if err != nil {
		return nil, refuse(ledger.CodeState, "the peer cannot read its state")
	}
	defer func() { _ = rows.Close() }() // nothing can be done about it, and nothing depends on it
	logs := []ledger.LogState{}
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return nil, refuse(ledger.CodeState, "the peer cannot read its state")
		}
		var state ledger.LogState
		if err := json.Unmarshal(row.GetValue(), &state); err != nil {
			return nil, refuse(ledger.CodeState, "what is stored is not the JSON expected")
		}
		logs = append(logs, state)
	}
	return logs, nil
}

func (c call) queryLog(argument string) (ledger.LogState, error) {
	var query ledger.LogQuery
	if err := decode(argument, &query); err != nil {
		return ledger.LogState{}, err
	}
	if len(query.Origin) > 255 || !originShape.MatchString(query.Origin) {
		return ledger.LogState{}, refuse(ledger.CodeArgument, "a log's origin is <member>.<domain>/log")
	}
	return c.log(query.Origin)
}

func (c call) log(origin string) (ledger.LogState, error) {
	var state ledger.LogState
	found, err := c.load(&state, keyLog, origin)
	if err != nil {
		return ledger.LogState{}, err
	}
	if !found {
		return ledger.LogState{}, refuse(ledger.CodeLogUnknown, "this log is not registered")
	}
	if len(state.Root) != len(tlog.Hash{}) {
		return ledger.LogState{}, refuse(ledger.CodeState, "the stored root is not 32 bytes")
	}
	return state, nil
}
