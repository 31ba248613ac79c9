package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// alarm is one finding of a gateway's running audit.
type alarm struct {
	Org   consortium.OrgID `json:"-"`
	Table string           `json:"table"`
	Row   string           `json:"row"`
	Code  string           `json:"code"`
}

// watched are the members whose audits are asked.
var watched = []consortium.OrgID{donghu, qingshan}

// alarms asks the gateways for what their audits found. There is no audit where the question is not known.
func (s *stage) alarms(ctx context.Context) (found []alarm, audited bool, err error) {
	for _, org := range watched {
		auditor, err := s.consortium.As(org, consortium.RoleAuditor, "")
		if err != nil {
			return nil, false, err
		}
		answer, err := auditor.Send(ctx, http.MethodGet, "/api/v1/integrity", "", nil)
		if err != nil {
			return nil, true, err
		}
		if answer.Status == http.StatusNotFound {
			return nil, false, nil
		}
		if answer.Status != http.StatusOK {
			return nil, true, journey.ReadRefusal("integrity", answer)
		}
		var report struct {
			Alarms []alarm `json:"alarms"`
		}
		if err := json.Unmarshal(answer.Body, &report); err != nil {
			return nil, true, fmt.Errorf("integrity: %w", err)
		}
		for _, a := range report.Alarms {
			a.Org = org
			found = append(found, a)
		}
	}
	return found, true, nil
}

// awaitAlarm waits until an audit says something, or for patience.
func (s *stage) awaitAlarm(ctx context.Context, patience time.Duration) (*alarm, time.Duration) {
	began := time.Now()
	for {
		found, audited, err := s.alarms(ctx)
		if err == nil && len(found) > 0 {
			return &found[0], time.Since(began)
		}
		if err == nil && !audited || time.Since(began) > patience || pause(ctx, 50*time.Millisecond) != nil {
			return nil, time.Since(began)
		}
	}
}

// awaitCalm waits until no alarm stands and the gateways answer as before.
func (s *stage) awaitCalm(ctx context.Context, before map[string]seen, patience time.Duration) bool {
	began := time.Now()
	for {
		found, _, err := s.alarms(ctx)
		if err == nil && len(found) == 0 {
			if refused, changed := compare(before, look(ctx, s.probes)); len(refused)+len(changed) == 0 {
				return true
			}
		}
		if time.Since(began) > patience || pause(ctx, 100*time.Millisecond) != nil {
			return false
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
