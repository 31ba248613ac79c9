package records

import (
	"errors"
	"strings"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

func TestCheckChain(t *testing.T) {
	chain := func(seqs ...int64) []exchange.AccessEntry {
		var out []exchange.AccessEntry
		for _, s := range seqs {
			out = append(out, exchange.AccessEntry{Seq: s, Commitment: name(s), Prev: name(s - 1)})
		}
		return out
	}
	relinked := chain(3, 2, 1)
	relinked[0].Prev = name(1)
	tests := []struct {
		name    string
		head    AccessHead
		before  int64
		asked   int
		entries []exchange.AccessEntry
		ok      bool
	}{
		{"whole", AccessHead{3, name(3)}, 0, 10, chain(3, 2, 1), true},
		{"first page", AccessHead{3, name(3)}, 0, 2, chain(3, 2), true},
		{"second page", AccessHead{3, name(3)}, 2, 2, chain(1), true},
		{"past the end", AccessHead{3, name(3)}, 1, 2, nil, true},
		{"empty", AccessHead{}, 0, 2, nil, true},
		{"before beyond the head", AccessHead{3, name(3)}, 99, 2, chain(3, 2), true},
		{"newest missing", AccessHead{3, name(3)}, 0, 10, chain(2, 1), false},
		{"middle missing", AccessHead{3, name(3)}, 0, 10, chain(3, 1), false},
		{"oldest missing", AccessHead{3, name(3)}, 0, 10, chain(3, 2), false},
		{"all missing", AccessHead{3, name(3)}, 0, 10, nil, false},
		{"no head", AccessHead{}, 0, 10, chain(1), false},
		{"another head", AccessHead{3, name(9)}, 0, 10, chain(3, 2, 1), false},
		{"linked past one", AccessHead{3, name(3)}, 0, 10, relinked, false},
		{"more than there are", AccessHead{2, name(2)}, 0, 10, chain(3, 2, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := checkChain(tt.head, tt.before, tt.asked, tt.entries); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func name(seq int64) string {
	if seq == 0 {
		return ""
	}
	return "c" + string(rune('0'+seq))
}

func TestCheckRead(t *testing.T) {
	decided := exchange.Access{
		Decision: consortium.Decision{Query: consortium.Query{Patient: "pa", Kinds: []consortium.Kind{consortium.Reports}}},
	}
	good := SealedVersion{Patient: "pa", Kind: consortium.Reports}
	deleted, otherPatient, otherKind := good, good, good
	deleted.Deleted = true
	otherPatient.Patient = "pb"
	otherKind.Kind = consortium.Directory
	one := &Selection{Ref: &exchange.RecordRef{}}
	tests := []struct {
		name string
		sel  *Selection
		got  []SealedVersion
		want fault.Kind
		ok   bool
	}{
		{"as decided", one, []SealedVersion{good}, 0, true},
		{"empty page", &Selection{}, nil, 0, true},
		{"absent", one, nil, fault.NotFound, false},
		{"deleted", one, []SealedVersion{deleted}, fault.Gone, false},
		{"another patient", one, []SealedVersion{otherPatient}, fault.Forbidden, false},
		{"another kind", one, []SealedVersion{otherKind}, fault.Forbidden, false},
		{"one of many is another's", &Selection{}, []SealedVersion{good, otherPatient}, fault.Forbidden, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkRead(decided, tt.sel, tt.got)
			if (err == nil) != tt.ok || (err != nil && fault.KindOf(err) != tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestBrokenIsNotPublic: what the user may read about a broken chain names neither entry nor patient.
func TestBrokenIsNotPublic(t *testing.T) {
	f := fault.Of(broken(errors.New("entry 3 of pabc is missing")))
	if f.Kind != fault.Internal || strings.Contains(f.Public, "pabc") || strings.Contains(f.Public, "3") {
		t.Errorf("public text: %s", f.Public)
	}
}
