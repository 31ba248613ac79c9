package cockroach_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// releaseModel is what a patient expects: records leave while a consent is granted and at no other time.
var releaseModel = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		switch input {
		case "grant":
			return true, true
		case "withdraw":
			return true, false
		case "carry":
			return true, state
		}
		return (output == "records") == state.(bool), state
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " -> ", output) },
}

// gateways are three processes of one custodian on one database.
type gateways struct {
	db        *cockroach.DB
	processes [3]*process
}

// TestNoReleaseLeavesAfterAWithdrawalWasAnswered has three gateway processes of one custodian, and holds one of them up
// at each answer of the database to a release, a withdrawal and a grant, while the others withdraw and release; then it
// holds up all of them all the time. What left must fit one order of events, by the real times at which calls began and
// ended.
func TestNoReleaseLeavesAfterAWithdrawalWasAnswered(t *testing.T) {
	g, keys := gateways{db: cockroachtest.New(t)}, keyFiles(t)
	mustStore(t, newRecords(t, g.db, "donghu", keys), observation(person().Patient, "o1", 1, "x"))
	for n := range g.processes {
		g.processes[n] = startProcess(t, n, g.db, keys)
	}
	t.Run("held up at a release", func(t *testing.T) {
		if seen := g.eachStep(t, "ask", "withdraw", "ask"); seen["records"] == 0 || seen["nothing"] == 0 {
			t.Errorf("no withdrawal came both before and after a release's commit: %v", seen)
		}
	})
	t.Run("held up at a withdrawal", func(t *testing.T) { g.eachStep(t, "withdraw", "ask", "ask") })
	t.Run("held up at a grant", func(t *testing.T) { g.eachStep(t, "grant", "ask", "ask") })
	t.Run("held up everywhere", g.everywhere)
}

// eachStep has one process do what is to be held up, once for each answer of the database that it needs, and two others
// do something else meanwhile. It counts what came of the former.
func (g *gateways) eachStep(t *testing.T, held string, others ...string) map[string]int {
	seen := map[string]int{}
	for n := 1; !t.Failed(); n++ {
		h := &history{start: time.Now()}
		out, reached := g.round(t, h, n, held, others)
		if check(t, h); !reached {
			break
		}
		seen[out.Output]++
	}
	t.Logf("with an answer held up each: %v", seen)
	return seen
}

// round holds one process up at the n-th answer, and tells what came of it and whether it needed as many. Afterwards
// nothing is granted any more.
func (g *gateways) round(t *testing.T, h *history, n int, held string, others []string) (out done, reached bool) {
	at := func(i int) *process { return g.processes[(n+i)%len(g.processes)] }
	var given done
	if held != "grant" {
		given = at(2).do(t, h, order{What: "grant"})
	}
	stop, ended := at(0).holdUp(n), make(chan done, 1)
	go func() { ended <- at(0).do(t, h, order{held, given.Consent}) }()
	select {
	case <-stop.reached:
		reached = true
	case out = <-ended:
		ended <- out
	}
	var running sync.WaitGroup
	var left atomic.Int32
	for i, what := range others {
		left.Add(1)
		running.Go(func() {
			at(i+1).do(t, h, order{what, given.Consent})
			left.Add(-1)
		})
	}
	g.untilStuck(t, &left)
	close(stop.goOn)
	running.Wait()
	if out = <-ended; held == "grant" {
		at(2).do(t, h, order{What: "ask"})
		at(1).do(t, h, order{"withdraw", out.Consent})
	}
	at(0).do(t, h, order{What: "ask"}) // what it knows is the oldest
	at(1).do(t, h, order{What: "carry"})
	return out, reached
}

// untilStuck returns when all that is left waits for a lock, or soon. What comes of it does not depend on when that is.
func (g *gateways) untilStuck(t *testing.T, left *atomic.Int32) {
	for latest := time.Now().Add(3 * time.Second); time.Now().Before(latest); time.Sleep(5 * time.Millisecond) {
		now := left.Load() // first: who ended meanwhile may be what somebody waited for
		waiting := count(t, g.db, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		if int(now) <= waiting {
			return
		}
	}
	t.Logf("%d did neither end nor wait for a lock", left.Load())
}

// everywhere holds up each answer of the database for a random while. A patient grants and withdraws, each time at
// another process, while all three are asked.
func (g *gateways) everywhere(t *testing.T) {
	for _, p := range g.processes {
		p.mu.Lock()
		p.slow = true
		p.mu.Unlock()
	}
	h := &history{start: time.Now()}
	var over atomic.Bool
	var running sync.WaitGroup
	for _, p := range g.processes {
		running.Go(func() {
			for !over.Load() && !t.Failed() {
				p.do(t, h, order{What: "ask"})
			}
		})
	}
	for n := range 8 {
		at := func(i int) *process { return g.processes[(n+i)%len(g.processes)] }
		given := at(0).do(t, h, order{What: "grant"})
		time.Sleep(mathrand.N(100 * time.Millisecond))
		at(1).do(t, h, order{"withdraw", given.Consent})
		time.Sleep(mathrand.N(50 * time.Millisecond))
	}
	over.Store(true)
	running.Wait()
	check(t, h)
	t.Log(h)
}

// check wants one order of events that explains a history.
func check(t *testing.T, h *history) {
	t.Helper()
	if result := porcupine.CheckOperationsTimeout(releaseModel, h.ops, 30*time.Second); result != porcupine.Ok {
		for _, op := range h.ops {
			t.Logf("%10d-%10d ns process %d: %v -> %v", op.Call, op.Return, op.ClientId, op.Input, op.Output)
		}
		t.Errorf("no order of events explains what left: %v", result)
	}
}
