package release

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
)

// Due is a received answer that can no longer be shown.
type Due struct {
	ID      string
	Expires time.Time
}

// ForgettingStore finds what is over and lets go of it.
type ForgettingStore interface {
	// Due returns up to limit answers of an organisation that expired at before or earlier and still hold what was
	// released, in the order of their ends, beginning after one of them.
	Due(ctx context.Context, org consortium.OrgID, before time.Time, after Due, limit int) ([]Due, error)
	// Received is AskingStore's.
	Received(ctx context.Context, org consortium.OrgID, id string) (Received, error)
	// KeepReceipt puts sealed in the place of what an answer holds, and nobody in the place of who asked. The answer stays
	// one, with its log entry; one that is gone, or was forgotten already, is no error.
	KeepReceipt(ctx context.Context, org consortium.OrgID, id string, sealed []byte) error
	// ForgetRequests lets go of up to limit request ids that were reserved at before or earlier, and counts them.
	ForgetRequests(ctx context.Context, org consortium.OrgID, before time.Time, limit int) (int, error)
}

const (
	// forgetBatch is how much is looked up, or deleted, in one transaction.
	forgetBatch = 200
	// replayMargin is how much longer than it could be fresh a request's id is kept, so that no clock that is set back by
	// less lets it in again. What was answered is refused for good, by the answer that is kept.
	replayMargin = 24 * time.Hour
)

// Forgetting deletes what is over: the content of received copies, and the ids of requests that would be refused for
// their time anyway. Of a copy stays what opens the receipt in the log, since that must be provable for good.
type Forgetting struct {
	Org    consortium.OrgID
	Store  ForgettingStore
	Sealer Sealer
	Fresh  time.Duration // as Answering has it
	Logger *slog.Logger
}

// Forgotten counts what was deleted.
type Forgotten struct{ Copies, Requests int64 }

// Once deletes what is over at a time. A copy that cannot be forgotten keeps no other from it.
func (f *Forgetting) Once(ctx context.Context, now time.Time) (Forgotten, error) {
	var done Forgotten
	var last Due
	for {
		due, err := f.Store.Due(ctx, f.Org, now, last, forgetBatch)
		if err != nil {
			return done, fmt.Errorf("find copies that are over: %w", err)
		}
		for _, d := range due {
			if err := f.copy(ctx, d.ID); err != nil {
				f.Logger.WarnContext(ctx, "copy was not forgotten; will try again", "request", d.ID, "error", err)
				continue
			}
			done.Copies++
		}
		if len(due) < forgetBatch {
			break
		}
		last = due[len(due)-1]
	}
	for {
		n, err := f.Store.ForgetRequests(ctx, f.Org, now.Add(-2*f.Fresh-replayMargin), forgetBatch)
		if err != nil {
			return done, fmt.Errorf("forget ids of requests: %w", err)
		}
		done.Requests += int64(n)
		if n < forgetBatch {
			return done, nil
		}
	}
}

// copy forgets one copy. Where the patient's key was destroyed, nothing is left that could be kept.
func (f *Forgetting) copy(ctx context.Context, id string) error {
	rec, err := f.Store.Received(ctx, f.Org, id)
	if err != nil {
		return err
	}
	if rec.Actor == "" {
		return nil // another gateway of this organisation was faster
	}
	receipt := []byte{}
	body, err := f.Sealer.Open(ctx, rec.Patient, receivedAAD(f.Org, id), rec.Sealed)
	if err != nil && !fault.Is(err, fault.Gone) {
		return fmt.Errorf("open reply: %w", err)
	}
	if err == nil {
		var kept struct {
			Opening []byte `json:"opening"`
		}
		if err := json.Unmarshal(body, &kept); err != nil {
			return fmt.Errorf("decode reply: %w", err)
		}
		receipt, err = f.Sealer.Seal(ctx, rec.Patient, receiptAAD(f.Org, id), kept.Opening)
		if err != nil {
			return fmt.Errorf("seal receipt: %w", err)
		}
	}
	return f.Store.KeepReceipt(ctx, f.Org, id, receipt)
}

func receiptAAD(org consortium.OrgID, id string) []byte {
	return logbook.Place("yilian/receipt/v1", string(org), id)
}
