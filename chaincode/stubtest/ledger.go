// Package stubtest is a Fabric ledger in memory for tests, with the rules that catch faulty contracts: a transaction
// does not see its own writes, every read is recorded with its version and checked again at commit, ranges are checked
// for phantoms, and several endorsers must come to the same result. It knows nothing of networks, orderers or
// endorsement policies.
//
// It is for tests only and is imported by no program.
package stubtest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// ErrDiverged says that endorsers came to different results: the contract is not deterministic.
var ErrDiverged = errors.New("endorsers came to different results")

// Proposal is one invocation as a client proposes it.
type Proposal struct {
	TxID     string
	Creator  []byte // serialized identity, see NewCreator
	Time     time.Time
	Function string // "contract:Function"
	Args     []string
}

// Endorsed is a simulated transaction: what it answers, what it read and what it would write.
type Endorsed struct {
	TxID    string
	Payload []byte
	result  result
}

// Writes is how many keys the transaction would change.
func (e *Endorsed) Writes() int { return len(e.result.writes) }

// Event is a chaincode event of a committed transaction.
type Event struct {
	Name    string
	Payload []byte
}

// Block is one committed block; this ledger puts one transaction into each.
type Block struct {
	Number uint64
	TxID   string
	Code   peer.TxValidationCode
	Event  *Event // nil where there was none, or the transaction is invalid
}

// version is where a value was written.
type version struct {
	block uint64
}

type entry struct {
	value   []byte
	version version
}

// Ledger is one channel. All fields are guarded by mu.
type Ledger struct {
	channel   string
	endorsers []shim.Chaincode

	mu     sync.Mutex
	state  map[string]entry
	blocks []Block
	seen   map[string]bool
	grown  chan struct{} // closed and replaced when a block is added
}

// New makes a ledger. Each endorser is a chaincode instance of its own; give several, to catch what differs between
// them.
func New(channel string, endorsers ...shim.Chaincode) *Ledger {
	return &Ledger{
		channel: channel, endorsers: endorsers,
		state: map[string]entry{}, seen: map[string]bool{}, grown: make(chan struct{}),
	}
}

// Propose runs the invocation on every endorser. A refusal by the contract is returned as *Refused; ErrDiverged where
// endorsers differ.
func (l *Ledger) Propose(p Proposal) (*Endorsed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first *result
	for i, endorser := range l.endorsers {
		stub := &stub{ledger: l, proposal: p}
		response := endorser.Invoke(stub)
		got := stub.result
		got.status, got.message, got.payload = response.GetStatus(), response.GetMessage(), response.GetPayload()
		if first == nil {
			first = &got
			continue
		}
		if !reflect.DeepEqual(*first, got) {
			return nil, fmt.Errorf("endorse %s on endorser %d: %w", p.Function, i, ErrDiverged)
		}
	}
	if first == nil {
		return nil, errors.New("endorse: the ledger has no endorsers")
	}
	if first.status >= shim.ERRORTHRESHOLD {
		return nil, &Refused{Status: first.status, Message: first.message}
	}
	return &Endorsed{TxID: p.TxID, Payload: first.payload, result: *first}, nil
}

// Refused is a contract's error as the peer hands it to the client.
type Refused struct {
	Status  int32
	Message string
}

// Error is worded as Fabric words it.
func (r *Refused) Error() string {
	return fmt.Sprintf("chaincode response %d, %s", r.Status, r.Message)
}

// Commit puts an endorsed transaction into the next block. It is valid only if everything it read is still as it was.
func (l *Ledger) Commit(e *Endorsed) Block {
	l.mu.Lock()
	defer l.mu.Unlock()
	block := Block{Number: uint64(len(l.blocks)), TxID: e.TxID, Code: l.validate(e)}
	if block.Code == peer.TxValidationCode_VALID {
		for _, w := range e.result.writes {
			if w.remove {
				delete(l.state, w.key)
				continue
			}
			l.state[w.key] = entry{value: w.value, version: version{block.Number}}
		}
		block.Event = e.result.event
	}
	l.seen[e.TxID] = true
	l.blocks = append(l.blocks, block)
	close(l.grown)
	l.grown = make(chan struct{})
	return block
}

func (l *Ledger) validate(e *Endorsed) peer.TxValidationCode {
	if l.seen[e.TxID] {
		return peer.TxValidationCode_DUPLICATE_TXID
	}
	for _, r := range e.result.reads {
		now, found := l.state[r.key]
		if found != r.found || now.version != r.version {
			return peer.TxValidationCode_MVCC_READ_CONFLICT
		}
	}
	for _, r := range e.result.ranges {
		if !reflect.DeepEqual(l.scan(r.start, r.end), r.rows) {
			return peer.TxValidationCode_PHANTOM_READ_CONFLICT
		}
	}
	return peer.TxValidationCode_VALID
}

// Status is what became of a transaction; false while it is in no block.
func (l *Ledger) Status(txID string) (Block, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.blocks {
		if b.TxID == txID {
			return b, true
		}
	}
	return Block{}, false
}

// Blocks returns the blocks from a number on, and a channel that is closed when there are more.
func (l *Ledger) Blocks(from uint64) ([]Block, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from >= uint64(len(l.blocks)) {
		return nil, l.grown
	}
	return append([]Block(nil), l.blocks[from:]...), l.grown
}
