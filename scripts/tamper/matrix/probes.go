package matrix

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// probe is one question that a person or a program asks a gateway.
type probe struct {
	name string
	ask  func(ctx context.Context) (string, error)
}

// seen is what a probe was told: content where it was answered, or the refusal.
type seen struct {
	content string
	refused string
}

// look asks all probes at once.
func look(ctx context.Context, probes []probe) map[string]seen {
	out := map[string]seen{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, p := range probes {
		wg.Go(func() {
			content, err := p.ask(ctx)
			s := seen{content: content}
			if err != nil {
				s = seen{refused: why(err)}
			}
			mu.Lock()
			defer mu.Unlock()
			out[p.name] = s
		})
	}
	wg.Wait()
	return out
}

// why is a refusal's code, which is the same each time.
func why(err error) string {
	var refused *journey.Refused
	if errors.As(err, &refused) {
		return fmt.Sprintf("%d %s", refused.Status, refused.Code)
	}
	var audit *tlog.AuditError
	if errors.As(err, &audit) {
		return "log: " + audit.Error()
	}
	return "no answer"
}

// outsiders is the probe that reads a public log as any stranger does.
const outsiders = "outsider's verify log"

// questions makes the probes of the journey's rows.
func (s *stage) questions() ([]probe, error) {
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return nil, err
	}
	receiver, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return nil, err
	}
	person, err := s.consortium.As(donghu, consortium.RolePatient, patients[0].person)
	if err != nil {
		return nil, err
	}
	other, err := s.consortium.As(donghu, consortium.RolePatient, patients[1].person)
	if err != nil {
		return nil, err
	}
	first := journey.Stored{Type: s.report.Type, ID: s.report.ID, Version: "1"}
	probes := []probe{
		{"doctor reads the record", func(ctx context.Context) (string, error) {
			return text(doctor.Read(ctx, s.report.Type, s.report.ID))
		}},
		{"doctor reads the first version", func(ctx context.Context) (string, error) {
			return text(doctor.ReadVersion(ctx, first))
		}},
		{"evidence is made", func(ctx context.Context) (string, error) {
			_, err := doctor.Evidence(ctx, s.report.Type, s.report.ID)
			return "made", err
		}},
		findProbe(doctor),
		{"other hospital asks for a release", func(ctx context.Context) (string, error) {
			answer, err := s.requestRelease(ctx, s.world.patient)
			return digest(answer.Records), err
		}},
		{"receiver looks at the copy", func(ctx context.Context) (string, error) {
			answer, err := receiver.ShowRelease(ctx, s.release)
			return digest(answer), err
		}},
		{"patient's consents", func(ctx context.Context) (string, error) {
			list, err := person.Consents(ctx)
			return digest(list), err
		}},
		{"granted consent", func(ctx context.Context) (string, error) {
			k, err := person.Consent(ctx, s.grants[0][0])
			return digest(k), err
		}},
		{"withdrawn consent", func(ctx context.Context) (string, error) {
			k, err := person.Consent(ctx, s.grants[0][1])
			return digest(k), err
		}},
		{"other patient's consents", func(ctx context.Context) (string, error) {
			list, err := other.Consents(ctx)
			return digest(list), err
		}},
		{"session that lasts", s.session.consents},
		{"session that ended", s.signedOut.consents},
	}
	probes = append(
		probes, s.accessProbe("patient's access history", person), s.accessProbe("other patient's access history", other),
	)
	return append(probes, s.logProbes()...), nil
}

// findProbe compares what each member holds. A member that is shown as not reached is no untruth; what is said of the
// others must be as it was.
func findProbe(doctor *journey.Client) probe {
	var first journey.Found
	return probe{"doctor finds the patient", func(ctx context.Context) (string, error) {
		found, err := doctor.FindPatient(ctx, people.IDCardSystem, patients[0].identifier)
		if err != nil {
			return "", err
		}
		if first.Patient == "" && len(found.Unreached) == 0 {
			first = found
		}
		others := slices.DeleteFunc(slices.Clone(first.Holdings), func(h journey.Holding) bool {
			return slices.Contains(found.Unreached, h.Org)
		})
		if len(found.Unreached) > 0 && found.Patient == first.Patient && digest(found.Holdings) == digest(others) {
			return "", &journey.Refused{Status: http.StatusOK, Code: fmt.Sprintf("shown as not reached: %v", found.Unreached)}
		}
		return digest(found), nil
	}}
}

// accessProbe compares only lines that were there at first: each look adds one.
func (s *stage) accessProbe(name string, person *journey.Client) probe {
	newest := int64(-1)
	return probe{name, func(ctx context.Context) (string, error) {
		entries, err := person.Access(ctx, 200)
		if err != nil {
			return "", err
		}
		if newest < 0 && len(entries) > 0 {
			newest = entries[0].Seq
		}
		old, err := person.AccessBefore(ctx, newest+1, 200)
		if err != nil {
			return "", err
		}
		for i := range old {
			old[i].Witnessed = false // becomes true by itself, and to say it of less than all is no untruth
		}
		return digest(old), nil
	}}
}

// logProbes read the log as a stranger and as the health commission's auditor.
func (s *stage) logProbes() []probe {
	return []probe{
		{outsiders, func(ctx context.Context) (string, error) {
			m, err := s.consortium.Member(donghu)
			if err != nil {
				return "", err
			}
			public, err := m.PublicLog(ctx)
			if err != nil {
				return "", err
			}
			_, err = public.Audit(ctx, tlog.Checkpoint{}, nil)
			return "one log", err
		}},
		{"auditor compares the logs", func(ctx context.Context) (string, error) {
			auditor, err := s.consortium.As(weijian, consortium.RoleAuditor, "")
			if err != nil {
				return "", err
			}
			logs, err := auditor.Logs(ctx)
			if err != nil {
				return "", err
			}
			for _, l := range logs {
				if l.Problem != "" {
					return "", &journey.Refused{Status: 200, Code: "problem shown: " + string(l.Problem)}
				}
			}
			return "no problem", nil
		}},
	}
}

func text(b []byte, err error) (string, error) { return string(b), err }

// digest is short and the same for the same content.
func digest(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// compare tells what refused now and what was answered otherwise than before.
func compare(before, after map[string]seen) (refused, changed []string) {
	for name, was := range before {
		now := after[name]
		switch {
		case was.refused == now.refused && was.content == now.content:
		case now.refused != "" && now.refused != was.refused:
			refused = append(refused, name+": "+now.refused)
		default:
			changed = append(changed, name)
		}
	}
	return refused, changed
}

// unwell reports whether refusals are only those of a gateway that does not answer.
func unwell(s map[string]seen) bool {
	for _, v := range s {
		if strings.HasPrefix(v.refused, "no answer") {
			return true
		}
	}
	return false
}
