package stubtest

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// stub is what a contract sees of one simulation. Calls that no contract of ours makes are not served: they end in a
// nil pointer of the embedded interface, whose stack names the call.
type stub struct {
	shim.ChaincodeStubInterface
	ledger   *Ledger
	proposal Proposal
	result   result
}

// result is what one endorser comes to. Two endorsers agree if these are deeply equal.
type result struct {
	status  int32
	message string
	payload []byte
	reads   []read
	ranges  []rangeRead
	writes  []write
	event   *Event
}

type read struct {
	key     string
	found   bool
	version version
}

type rangeRead struct {
	start, end string
	rows       []row
}

type row struct {
	key     string
	value   []byte
	version version
}

type write struct {
	key    string
	value  []byte
	remove bool
}

func (s *stub) GetTxID() string { return s.proposal.TxID }

func (s *stub) GetChannelID() string { return s.ledger.channel }

func (s *stub) GetCreator() ([]byte, error) { return s.proposal.Creator, nil }

func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return timestamppb.New(s.proposal.Time), nil
}

func (s *stub) GetArgs() [][]byte {
	args := [][]byte{[]byte(s.proposal.Function)}
	for _, a := range s.proposal.Args {
		args = append(args, []byte(a))
	}
	return args
}

func (s *stub) GetStringArgs() []string {
	return append([]string{s.proposal.Function}, s.proposal.Args...)
}

func (s *stub) GetFunctionAndParameters() (string, []string) {
	return s.proposal.Function, s.proposal.Args
}

// GetState reads what is committed, never this transaction's own writes.
func (s *stub) GetState(key string) ([]byte, error) {
	if key == "" {
		return nil, errors.New("key must not be an empty string")
	}
	e, found := s.ledger.state[key]
	s.result.reads = append(s.result.reads, read{key: key, found: found, version: e.version})
	return slices.Clone(e.value), nil
}

func (s *stub) PutState(key string, value []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) == 0 {
		return errors.New("an empty value cannot be told from none")
	}
	s.write(write{key: key, value: slices.Clone(value)})
	return nil
}

func (s *stub) DelState(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	s.write(write{key: key, remove: true})
	return nil
}

// write keeps the last write of each key, in key order, as Fabric's write set does.
func (s *stub) write(w write) {
	i, found := slices.BinarySearchFunc(
		s.result.writes, w.key, func(have write, key string) int { return strings.Compare(have.key, key) },
	)
	if found {
		s.result.writes[i] = w
		return
	}
	s.result.writes = slices.Insert(s.result.writes, i, w)
}

func (s *stub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return errors.New("event name can not be empty string")
	}
	s.result.event = &Event{Name: name, Payload: slices.Clone(payload)}
	return nil
}

func (s *stub) CreateCompositeKey(kind string, parts []string) (string, error) {
	return shim.CreateCompositeKey(kind, parts)
}

func (s *stub) GetStateByPartialCompositeKey(kind string, parts []string) (shim.StateQueryIteratorInterface, error) {
	start, err := shim.CreateCompositeKey(kind, parts)
	if err != nil {
		return nil, err
	}
	end := start + string(utf8.MaxRune)
	rows := s.ledger.scan(start, end)
	s.result.ranges = append(s.result.ranges, rangeRead{start: start, end: end, rows: rows})
	return &iterator{rows: rows}, nil
}

// scan returns the committed rows of [start, end) in key order.
func (l *Ledger) scan(start, end string) []row {
	var rows []row
	for key, e := range l.state {
		if key >= start && key < end {
			rows = append(rows, row{key: key, value: e.value, version: e.version})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.key, b.key) })
	return rows
}

func checkKey(key string) error {
	if key == "" || !utf8.ValidString(key) {
		return errors.New("key must be a non-empty string in UTF-8")
	}
	return nil
}

type iterator struct {
	rows []row
}

func (i *iterator) HasNext() bool { return len(i.rows) > 0 }

func (i *iterator) Close() error { return nil }

func (i *iterator) Next() (*queryresult.KV, error) {
	if len(i.rows) == 0 {
		return nil, errors.New("no more rows")
	}
	r := i.rows[0]
	i.rows = i.rows[1:]
	return &queryresult.KV{Key: r.key, Value: slices.Clone(r.value)}, nil
}
