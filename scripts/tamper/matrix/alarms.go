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

// audits are what the members' running audits say: alarms, and how many passes each has made.
type audits struct {
	alarms []alarm
	passes map[consortium.OrgID]int64
}

// audits asks every gateway for what its audit found. There is no audit where the question is not known.
func (s *stage) audits(ctx context.Context) (said audits, audited bool, err error) {
	said.passes = map[consortium.OrgID]int64{}
	for _, org := range s.consortium.Orgs() {
		auditor, err := s.consortium.As(org, consortium.RoleAuditor, "")
		if err != nil {
			return audits{}, false, err
		}
		answer, err := auditor.Send(ctx, http.MethodGet, "/api/v1/integrity", "", nil)
		if err != nil {
			return audits{}, true, err
		}
		if answer.Status == http.StatusNotFound {
			return audits{}, false, nil
		}
		if answer.Status != http.StatusOK {
			return audits{}, true, journey.ReadRefusal("integrity", answer)
		}
		var report struct {
			Passes int64   `json:"passes"`
			Alarms []alarm `json:"alarms"`
		}
		if err := json.Unmarshal(answer.Body, &report); err != nil {
			return audits{}, true, fmt.Errorf("integrity: %w", err)
		}
		said.passes[org] = report.Passes
		for _, a := range report.Alarms {
			a.Org = org
			said.alarms = append(said.alarms, a)
		}
	}
	return said, true, nil
}

// passed reports whether every audit has made a pass that began after the first look: two more, as the first of them
// may have been under way. A gateway that was restarted counts anew.
func (a audits) passed(first audits) bool {
	for org, n := range a.passes {
		if was := first.passes[org]; n >= was && n < was+2 {
			return false
		}
	}
	return true
}

// awaitAlarm waits until an audit says something, or all have looked and said nothing. Patience bounds it.
func (s *stage) awaitAlarm(ctx context.Context, patience time.Duration) (*alarm, time.Duration) {
	began := time.Now()
	var first *audits
	for {
		said, audited, err := s.audits(ctx)
		if err == nil && len(said.alarms) > 0 {
			return &said.alarms[0], time.Since(began)
		}
		if err == nil && first == nil {
			first = &said
		}
		over := time.Since(began) > patience || err == nil && (!audited || said.passed(*first))
		if over || pause(ctx, 50*time.Millisecond) != nil {
			return nil, time.Since(began)
		}
	}
}

// awaitCalm waits until no alarm stands and the gateways answer as before, and tells what is not so at the end.
func (s *stage) awaitCalm(ctx context.Context, before map[string]seen, patience time.Duration) error {
	began := time.Now()
	for {
		said, _, err := s.audits(ctx)
		if err == nil {
			if err = s.calm(ctx, said.alarms, before); err == nil {
				return nil
			}
		}
		if time.Since(began) > patience || pause(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// calm is an error that names what is otherwise than before.
func (s *stage) calm(ctx context.Context, alarms []alarm, before map[string]seen) error {
	if len(alarms) > 0 {
		return fmt.Errorf("alarms stand:%s", alarmed(&alarms[0]))
	}
	refused, changed := compare(before, look(ctx, s.probes))
	if len(refused)+len(changed) > 0 {
		return fmt.Errorf("refused: %q, changed: %q", refused, changed)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
