package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"

	"yilian.example/chaincode/record"
)

// minAttesters is how many members must sign a read: more than a dishonest minority of four.
const minAttesters = 3

// attestRounds is how often the members are asked again while they disagree. They do so for milliseconds, while a block reaches them.
const attestRounds = 5

// Attest gives a signed read of one log: the bytes of a prepared transaction of witness:Attest, endorsed by all members whose peers can be
// reached, and by three at least (by all where there are fewer members). chaincode/README.md says how to verify it.
func (l *Ledger) Attest(ctx context.Context, origin string) ([]byte, error) {
	raw, err := json.Marshal(record.LogQuery{Origin: origin})
	if err != nil {
		return nil, fmt.Errorf("%s: write argument: %w", record.WitnessAttest, err)
	}
	var last error
	for round := range attestRounds {
		transaction, err := l.attestOnce(ctx, raw)
		if err == nil {
			return transaction.Bytes()
		}
		if refusal, found := refusalOf(err); found {
			return nil, refused(record.WitnessAttest, refusal)
		}
		last = err
		select {
		case <-ctx.Done():
			return nil, unavailable(record.WitnessAttest, errors.Join(ctx.Err(), last))
		case <-time.After(time.Duration(round+1) * 40 * time.Millisecond):
		}
	}
	return nil, unavailable(record.WitnessAttest, last)
}

// attestOnce asks through each peer in turn, leaving out members that cannot answer, as long as enough remain.
func (l *Ledger) attestOnce(ctx context.Context, argument []byte) (*client.Transaction, error) {
	var failures []error
	for _, p := range l.peers.order() {
		members := slices.Clone(l.members)
		for len(members) >= min(minAttesters, len(l.members)) {
			transaction, err := p.endorse(ctx, l, record.WitnessAttest, argument, members...)
			if err == nil {
				p.succeeded()
				return transaction, nil
			}
			if _, found := refusalOf(err); found || ctx.Err() != nil {
				return nil, err
			}
			failures = append(failures, err)
			remaining := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(absent(err, members), m) })
			if len(remaining) == len(members) {
				p.failed(l.logger, record.WitnessAttest, err)
				break
			}
			members = remaining
		}
	}
	return nil, errors.Join(failures...)
}

// absent names the members that an endorsement failed for: those in the error's details, or in the Fabric gateway's sentence about
// organisations without peers.
func absent(err error, members []string) []string {
	var found []string
	for _, d := range details(err) {
		found = append(found, d.GetMspId())
	}
	const missing = "failed to find any endorsing peers for org(s): "
	text := err.Error()
	if i := strings.Index(text, missing); i >= 0 {
		for name := range strings.SplitSeq(text[i+len(missing):], ", ") {
			if slices.Contains(members, strings.TrimSpace(name)) {
				found = append(found, strings.TrimSpace(name))
			}
		}
	}
	return found
}
