package evidence

import (
	"errors"
	"fmt"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/tlog"
)

// How far the time at which a record is said to have been recorded may be from what its log shows.
const (
	// clockTolerance is how far the clocks of an organisation and of the ledger's peers may be apart; the peers allow five
	// minutes.
	clockTolerance = 10 * time.Minute
	// timeTolerance is for what leaves say coarsely (the hour), and for transactions that are stored in another order.
	timeTolerance = 2 * time.Hour
	// allowedLag is how long an entry may wait for the log before release stops (the gateways' default): entries that wait
	// together enter in any order.
	allowedLag = 4 * time.Hour
	slack      = timeTolerance + allowedLag
)

// Neighbour is another entry of the same log, with its inclusion proof under the same checkpoint.
//
// A log's entries follow one another in time. An organisation that enters a record today and dates it years back must
// explain the entries that stand before it; it could write a few back-dated ones just ahead of it, so the neighbours
// are not only the next but those at distances 1, 2, 4, 8 …: to make n of them fit, all entries over that distance must
// have been back-dated when they were witnessed.
type Neighbour struct {
	Index  int64    `json:"index"`
	Leaf   string   `json:"leaf"`
	Hashes [][]byte `json:"hashes"`
}

// neighbours are the indexes of those that a file must carry, in order: before it at powers of two, and the next.
func neighbours(index, size int64) []int64 {
	var out []int64
	for distance := int64(1); distance > 0 && index-distance >= 0; distance *= 2 {
		out = append(out, index-distance)
	}
	if index+1 < size {
		out = append(out, index+1)
	}
	return out
}

// readNeighbours reads and proves the neighbours of an entry.
func readNeighbours(c tlog.Checkpoint, index int64, read tlog.ReadTiles) ([]Neighbour, error) {
	out := []Neighbour{}
	for _, i := range neighbours(index, c.Size) {
		leaf, err := tlog.EntryAt(i, c.Size, read)
		if err != nil {
			return nil, err
		}
		hashes, err := tlog.ProveInclusion(c, i, read)
		if err != nil {
			return nil, err
		}
		n := Neighbour{Index: i, Leaf: string(leaf), Hashes: [][]byte{}}
		for _, h := range hashes {
			n.Hashes = append(n.Hashes, h[:])
		}
		out = append(out, n)
	}
	return out, nil
}

// prove checks that the neighbour stands in the tree, and returns its entry.
func (n Neighbour) prove(c tlog.Checkpoint) (tlog.Leaf, error) {
	hashes := make([]tlog.Hash, len(n.Hashes))
	for i, h := range n.Hashes {
		if len(h) != len(hashes[i]) {
			return tlog.Leaf{}, errors.New("a hash in the proof of a neighbouring entry is not 32 bytes")
		}
		hashes[i] = tlog.Hash(h)
	}
	if err := tlog.CheckInclusion(hashes, c, n.Index, tlog.LeafHash([]byte(n.Leaf))); err != nil {
		return tlog.Leaf{}, fmt.Errorf("a neighbouring entry is not in the log: %w", err)
	}
	return tlog.ParseLeaf([]byte(n.Leaf))
}

// checkTime compares the time at which the record is said to have been recorded with the ledger's word on the log and
// with the entries around it.
func (f File) checkTime(recorded time.Time, index int64, c tlog.Checkpoint, state ledger.LogState) error {
	if recorded.After(state.Time.Add(clockTolerance)) {
		return errors.New("the record is said to be from after the time at which it was witnessed")
	}
	if recorded.Before(state.Registered.Add(-slack)) {
		return errors.New("the record is said to be from before its log existed")
	}
	want := neighbours(index, c.Size)
	if len(f.Neighbours) != len(want) {
		return errors.New("the file does not carry the entries around this one that it has to")
	}
	for i, n := range f.Neighbours {
		if n.Index != want[i] {
			return errors.New("the file does not carry the entries around this one that it has to")
		}
		leaf, err := n.prove(c)
		if err != nil {
			return err
		}
		if n.Index < index && recorded.Before(leaf.Time.Add(-slack)) {
			return errors.New("the record is said to be from long before entries that stand before it in the log")
		}
		if n.Index > index && recorded.After(leaf.Time.Add(time.Hour+slack)) {
			return errors.New("the record is said to be from long after an entry that stands behind it in the log")
		}
	}
	return nil
}
