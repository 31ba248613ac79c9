package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yilian.example/chaincode/ledger"
)

// minAttesters is how many members must sign a read: more than a dishonest minority of four.
const minAttesters = 3

// attestGrace is how long a signed read waits for the remaining members once enough have signed.
const attestGrace = 500 * time.Millisecond

// attestRounds is how often the members are asked again while they disagree. They do so for milliseconds, while a block
// reaches them.
const attestRounds = 5

// Attest returns a signed read of one log: the bytes of a prepared transaction of witness:Attest, endorsed by all
// members whose peers answer, and by three at least (by all where there are fewer members). chaincode/README.md says
// how to verify it.
func (l *Ledger) Attest(ctx context.Context, origin string) ([]byte, error) {
	argument, err := json.Marshal(ledger.LogQuery{Origin: origin})
	if err != nil {
		return nil, fmt.Errorf("%s: write argument: %w", ledger.WitnessAttest, err)
	}
	deadline := l.now().Add(l.timeouts.Endorse)
	var last error
	for round := range attestRounds {
		made, err := l.gather(ctx, ledger.WitnessAttest, argument, min(minAttesters, len(l.members)), attestGrace)
		if err == nil {
			return made.bytes, nil
		}
		if refusal, found := refusalOf(err); found {
			return nil, refused(ledger.WitnessAttest, refusal)
		}
		last = err
		if !l.now().Before(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return nil, unavailable(ledger.WitnessAttest, errors.Join(ctx.Err(), last))
		case <-time.After(time.Duration(round+1) * 40 * time.Millisecond):
		}
	}
	return nil, unavailable(ledger.WitnessAttest, last)
}
