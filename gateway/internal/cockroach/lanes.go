package cockroach

import (
	"context"
	"hash/maphash"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
)

// lanes makes those who read or store records of one patient within this process take turns: readers append to one
// chain, stores move one head, and taking turns is cheaper than being refused by the database and trying again. Other
// processes are still kept apart by the database.
type lanes struct {
	seed  maphash.Seed
	turns [256]chan struct{}
}

func newLanes() *lanes {
	l := &lanes{seed: maphash.MakeSeed()}
	for i := range l.turns {
		l.turns[i] = make(chan struct{}, 1)
	}
	return l
}

// enter waits for its turn and returns what ends it.
func (l *lanes) enter(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) (func(), error) {
	turn := l.turns[maphash.String(l.seed, string(org)+"/"+string(patient))%uint64(len(l.turns))]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ended(ctx, ctx.Err())
	}
}

// enterFor enters the lane of a batch that is about one patient. Larger batches take none: two lanes could be waited
// for crosswise.
func (l *lanes) enterFor(ctx context.Context, org consortium.OrgID, batch []records.SealedVersion) (func(), error) {
	patient := consortium.PatientRef("")
	for _, v := range batch {
		if v.Patient != "" && patient != "" && v.Patient != patient {
			return func() {}, nil
		}
		patient = max(patient, v.Patient)
	}
	if patient == "" {
		return func() {}, nil
	}
	return l.enter(ctx, org, patient)
}
