package watch

import (
	"context"
	"time"
)

// Concern is something that an operator has to do something about before it stops the consortium.
type Concern struct {
	Key   string // what it is about; of one key there is one concern at a time
	Text  string
	Every time.Duration // between two log lines about it
}

// concernInterval is how often concerns are looked for.
const concernInterval = time.Minute

// reminder logs concerns, each no more often than it asks for. It belongs to one goroutine.
type reminder struct {
	looked time.Time
	logged map[string]time.Time // by key
}

func (w *Watch) remind(ctx context.Context, r *reminder) {
	now := w.Now()
	if w.Concerns == nil || now.Sub(r.looked) < concernInterval {
		return
	}
	r.looked = now
	for _, concern := range w.Concerns() {
		last, ok := r.logged[concern.Key]
		if ok && now.Sub(last) < concern.Every {
			continue
		}
		r.logged[concern.Key] = now
		w.Logger.WarnContext(ctx, "needs attention", "what", concern.Text)
	}
}
