package stubtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"yilian.example/chaincode/stubtest"
)

// script is a chaincode that runs whatever the test wants.
type script func(stub shim.ChaincodeStubInterface) ([]byte, error)

func (s script) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (s script) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	payload, err := s(stub)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(payload)
}

// router runs the script named by the function.
func router(scripts map[string]script) script {
	return func(stub shim.ChaincodeStubInterface) ([]byte, error) {
		name, _ := stub.GetFunctionAndParameters()
		return scripts[name](stub)
	}
}

func propose(t *testing.T, l *stubtest.Ledger, txID, function string) *stubtest.Endorsed {
	t.Helper()
	endorsed, err := l.Propose(stubtest.Proposal{TxID: txID, Time: time.Unix(1, 0), Function: function})
	if err != nil {
		t.Fatal(err)
	}
	return endorsed
}

func put(key, value string) script {
	return func(stub shim.ChaincodeStubInterface) ([]byte, error) { return nil, stub.PutState(key, []byte(value)) }
}

func get(key string) script {
	return func(stub shim.ChaincodeStubInterface) ([]byte, error) { return stub.GetState(key) }
}

// all returns the values of composite keys of a kind, one after the other.
func all(kind string) script {
	return func(stub shim.ChaincodeStubInterface) ([]byte, error) {
		rows, err := stub.GetStateByPartialCompositeKey(kind, nil)
		if err != nil {
			return nil, err
		}
		var values []byte
		for rows.HasNext() {
			row, err := rows.Next()
			if err != nil {
				return nil, err
			}
			values = append(values, row.GetValue()...)
		}
		return values, nil
	}
}

// then runs one script after the other in the same transaction.
func then(scripts ...script) script {
	return func(stub shim.ChaincodeStubInterface) ([]byte, error) {
		var last []byte
		for _, s := range scripts {
			var err error
			if last, err = s(stub); err != nil {
				return nil, err
			}
		}
		return last, nil
	}
}

func composite(kind, part string) string {
	key, err := shim.CreateCompositeKey(kind, []string{part})
	if err != nil {
		panic(err) // constant arguments
	}
	return key
}

func TestFabricsRules(t *testing.T) {
	row := func(part, value string) script { return put(composite("row", part), value) }
	tests := []struct {
		name   string
		before script // committed first
		tx     script // endorsed then
		during script // committed while tx waits; nil: nothing
		want   peer.TxValidationCode
		answer string
	}{
		{"own write is not seen", put("a", "old"), then(put("a", "new"), get("a")), nil, peer.TxValidationCode_VALID, "old"},
		{"own new key is not seen", put("b", "x"), then(put("a", "new"), get("a")), nil, peer.TxValidationCode_VALID, ""},
		{"own row is not in a range", row("1", "x"), then(row("2", "y"), all("row")), nil, peer.TxValidationCode_VALID, "x"},
		{"rows are in key order", then(row("2", "y"), row("1", "x")), all("row"), nil, peer.TxValidationCode_VALID, "xy"},
		{
			"a range ends with its kind",
			then(row("1", "x"), put(composite("rowe", "1"), "z")),
			all("row"),
			nil,
			peer.TxValidationCode_VALID,
			"x",
		},
		{
			"what was read has changed",
			put("a", "1"),
			then(get("a"), put("b", "2")),
			put("a", "3"),
			peer.TxValidationCode_MVCC_READ_CONFLICT,
			"",
		},
		{
			"same value, written again",
			put("a", "1"),
			then(get("a"), put("b", "2")),
			put("a", "1"),
			peer.TxValidationCode_MVCC_READ_CONFLICT,
			"",
		},
		{
			"absent key has appeared",
			put("x", "1"),
			then(get("a"), put("b", "2")),
			put("a", "1"),
			peer.TxValidationCode_MVCC_READ_CONFLICT,
			"",
		},
		{"blind writes do not conflict", put("a", "1"), put("a", "2"), put("a", "3"), peer.TxValidationCode_VALID, ""},
		{
			"a row has appeared",
			row("1", "x"),
			then(all("row"), put("b", "2")),
			row("2", "y"),
			peer.TxValidationCode_PHANTOM_READ_CONFLICT,
			"",
		},
		{
			"a row has changed",
			row("1", "x"),
			then(all("row"), put("b", "2")),
			row("1", "y"),
			peer.TxValidationCode_PHANTOM_READ_CONFLICT,
			"",
		},
		{
			"another key has changed",
			row("1", "x"),
			then(all("row"), put("b", "2")),
			put("a", "1"),
			peer.TxValidationCode_VALID,
			"",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			cc := router(map[string]script{"before": tc.before, "tx": tc.tx, "during": tc.during})
			l := stubtest.New("c", cc, cc)
			if b := l.Commit(propose(t, l, "1", "before")); b.Code != peer.TxValidationCode_VALID {
				t.Fatal(b.Code)
			}
			endorsed := propose(t, l, "2", "tx")
			if tc.during != nil {
				l.Commit(propose(t, l, "3", "during"))
			}
			if b := l.Commit(endorsed); b.Code != tc.want {
				t.Errorf("committed as %v, want %v", b.Code, tc.want)
			}
			if tc.want == peer.TxValidationCode_VALID && string(endorsed.Payload) != tc.answer {
				t.Errorf("answered %q, want %q", endorsed.Payload, tc.answer)
			}
		})
	}
}

func TestTransactionCommitsOnce(t *testing.T) {
	l := stubtest.New("c", put("a", "1"))
	endorsed := propose(t, l, "1", "")
	l.Commit(endorsed)
	if b := l.Commit(endorsed); b.Code != peer.TxValidationCode_DUPLICATE_TXID {
		t.Errorf("second time: %v", b.Code)
	}
}

// TestDivergence: what would differ between endorsers is caught, wherever it shows.
func TestDivergence(t *testing.T) {
	event := func(payload string) script {
		return func(stub shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, stub.SetEvent("e", []byte(payload))
		}
	}
	answer := func(payload string) script {
		return func(shim.ChaincodeStubInterface) ([]byte, error) { return []byte(payload), nil }
	}
	tests := []struct {
		name        string
		left, right script
		want        bool
	}{
		{"the same", put("a", "1"), put("a", "1"), false},
		{"writes in another order", then(put("a", "1"), put("b", "2")), then(put("b", "2"), put("a", "1")), false},
		{"a value", put("a", "1"), put("a", "2"), true},
		{"a key", put("a", "1"), put("b", "1"), true},
		{"an event", event("1"), event("2"), true},
		{"an answer", answer("1"), answer("2"), true},
		{"a read", get("a"), answer(""), true},
		{"one refuses", put("", "1"), put("a", "1"), true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := stubtest.New("c", tc.left, tc.right).Propose(stubtest.Proposal{TxID: "1"})
			if errors.Is(err, stubtest.ErrDiverged) != tc.want {
				t.Errorf("got %v, want divergence %v", err, tc.want)
			}
		})
	}
}
