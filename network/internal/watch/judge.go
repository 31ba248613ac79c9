package watch

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Rule says when an orderer counts as hung.
type Rule struct {
	Behind  uint64        // blocks that it may stand behind the highest node without growing
	Name    time.Duration // after which it is named
	Restart time.Duration // after which it is started again; twice as long each further time, until it is well
	Between time.Duration // two restarts: four orderers stand the loss of one
	Gap     time.Duration // between two looks that means that this program itself did not run
}

// longest bounds how the time to the next restart grows.
const longest = 10 * time.Minute

// Production is the rule of a consortium. An orderer that is well falls behind by a block or two and catches up within
// seconds; one whose view of the others is lost never does.
var Production = Rule{
	Behind: 3, Name: 15 * time.Second, Restart: 30 * time.Second, Between: 15 * time.Second, Gap: time.Minute,
}

// Sighting is what one look finds of an orderer.
type Sighting struct {
	Reading
	PID int // 0 while it does not run, which is the supervisor's business already
}

// Finding is what is wrong with an orderer.
type Finding struct {
	Trouble string // empty when it is well, or when it is too early to tell
	Restart bool
}

// judge remembers since when each orderer has not been well. It belongs to one goroutine.
type judge struct {
	rule      Rule
	known     map[string]*record
	looked    time.Time // last
	restarted time.Time // anyone, last
}

// record is of one orderer.
type record struct {
	pid      int
	height   uint64
	well     time.Time // when it last was
	highest  uint64    // height of the highest node then
	patience time.Duration
}

func newJudge(rule Rule) *judge { return &judge{rule: rule, known: map[string]*record{}} }

// look judges all orderers; highest is the height of the highest node, peers included.
func (j *judge) look(now time.Time, highest uint64, orderers map[string]Sighting) map[string]Finding {
	slept := now.Sub(j.looked) > j.rule.Gap
	j.looked = now
	findings := map[string]Finding{}
	for _, name := range slices.Sorted(maps.Keys(orderers)) {
		seen := orderers[name]
		known, ok := j.known[name]
		if !ok {
			known = &record{patience: j.rule.Restart}
			j.known[name] = known
		}
		if !ok || slept || seen.PID == 0 || seen.PID != known.pid {
			known.pid, known.height, known.well, known.highest = seen.PID, seen.Height, now, highest
		}
		findings[name] = j.one(now, highest, seen, known)
	}
	return findings
}

// one judges one orderer and brings its record up to date.
func (j *judge) one(now time.Time, highest uint64, seen Sighting, known *record) Finding {
	level := seen.Answered && seen.Height+j.rule.Behind > highest
	grows := seen.Answered && seen.Height > known.height
	// While nobody grows, the others are at a loss too, as during a change of leader: a restart would prolong that.
	waits := seen.Answered && highest <= known.highest
	if level {
		known.patience = j.rule.Restart
	}
	if level || grows || waits {
		known.height, known.well, known.highest = max(seen.Height, known.height), now, highest
		return Finding{}
	}
	since := now.Sub(known.well)
	if seen.PID == 0 || since < j.rule.Name {
		return Finding{}
	}
	finding := Finding{Trouble: fmt.Sprintf("gives no answer for %s", since.Round(time.Second))}
	if seen.Answered {
		finding.Trouble = fmt.Sprintf(
			"stands at height %d for %s while others stand at %d", seen.Height, since.Round(time.Second), highest,
		)
	}
	if since >= known.patience && now.Sub(j.restarted) >= j.rule.Between {
		finding.Restart = true
		j.restarted = now
		known.patience = min(2*known.patience, longest)
	}
	return finding
}

// blind forgets since when an orderer was not well: nothing is known where this machine is too slow for an answer.
func (j *judge) blind() { j.looked = time.Time{} }
