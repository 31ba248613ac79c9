package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/oversight"
	"yilian.example/scripts/journey"
)

// auditEvery is how often the gateways of the private consortium look their tables over.
const auditEvery = 500 * time.Millisecond

// strongest connects with the role that may do everything, that of the database's operator.
func strongest(ctx context.Context, c *journey.Consortium) (*pgx.Conn, error) {
	target, err := c.OperatorURL()
	if err != nil {
		return nil, err
	}
	return open(ctx, target)
}

// as connects with the role of a member.
func as(ctx context.Context, c *journey.Consortium, org consortium.OrgID) (*pgx.Conn, error) {
	target, err := c.DatabaseURL(org)
	if err != nil {
		return nil, err
	}
	return open(ctx, target)
}

func open(ctx context.Context, target string) (*pgx.Conn, error) {
	db, err := pgx.Connect(ctx, target)
	if err != nil {
		return nil, errors.New("open database: no connection") // the driver's text may hold the password
	}
	return db, nil
}

// newStage starts a consortium of its own with the journey's rows in it.
func newStage(ctx context.Context, private *journey.Private) (*stage, error) {
	c, err := private.Up(ctx)
	if err != nil {
		return nil, err
	}
	s := &stage{consortium: c}
	if err := s.hurry(ctx); err != nil {
		return nil, err
	}
	s.db, err = strongest(ctx, c)
	if err != nil {
		return nil, err
	}
	s.world.tables, err = tables(ctx, s.db)
	if err != nil {
		return nil, err
	}
	s.world.orgs = []string{string(donghu), string(qingshan), "anhe", string(weijian)}
	if err := s.fill(ctx); err != nil {
		return nil, err
	}
	s.probes, err = s.questions()
	return s, err
}

func (s *stage) close(ctx context.Context) error {
	if s == nil || s.db == nil {
		return nil
	}
	return s.db.Close(ctx)
}

var auditInterval = regexp.MustCompile(`(?m)^(audit:\n(?:\s+.*\n)*?\s+interval: )\S+`)

// lookups is how often one person may look people up; the probes do it more often than people do.
var lookups = regexp.MustCompile(`(?m)^(\s+lookups_per_minute: )\d+`)

// hurry makes the members' audits run without long rests, and lets the probes ask often.
func (s *stage) hurry(ctx context.Context) error {
	for _, org := range s.consortium.Orgs() {
		path := filepath.Join(s.consortium.State, "orgs", string(org), "gateway.yaml")
		before, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read configuration: %w", err)
		}
		after := auditInterval.ReplaceAll(before, []byte("${1}"+auditEvery.String()))
		after = lookups.ReplaceAll(after, []byte("${1}100000"))
		if string(after) == string(before) {
			continue
		}
		if err := os.WriteFile(path, after, 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
		if err := s.restart(ctx, org); err != nil {
			return err
		}
	}
	return nil
}

// errStaysDown says that a gateway does not come up again on what stands in the database.
var errStaysDown = errors.New("the gateway does not start")

// restart kills a gateway and waits until another process of it answers.
func (s *stage) restart(ctx context.Context, org consortium.OrgID) error {
	before, err := s.process(org)
	if err != nil {
		return err
	}
	if before.PID > 1 {
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill gateway: %w", err)
		}
	}
	m, err := s.consortium.Member(org)
	if err != nil {
		return err
	}
	until := time.Now().Add(20 * time.Second)
	for time.Now().Before(until) {
		now, err := s.process(org)
		if err == nil && now.PID > 1 && now.PID != before.PID && answers(ctx, m.URL) {
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return errStaysDown
}

// answers reports whether a gateway says that it is ready, or that nothing but what its audit found keeps it from it.
func answers(ctx context.Context, base string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	return err == nil && started(res.StatusCode, body)
}

// started reads an answer of /readyz.
func started(status int, body []byte) bool {
	if status == http.StatusOK {
		return true
	}
	var said struct {
		Checks map[string]string `json:"checks"`
	}
	if err := json.Unmarshal(body, &said); err != nil || len(said.Checks) == 0 {
		return false
	}
	for name, check := range said.Checks {
		code, failing := strings.CutPrefix(check, "failing: ")
		found := code == string(oversight.CodeDatabaseAlarm) || code == string(anchor.CodeLogRefused)
		if check != "ok" && (name != "integrity" || !failing || !found) {
			return false
		}
	}
	return true
}

func (s *stage) process(org consortium.OrgID) (journey.Process, error) {
	all, err := s.consortium.Processes()
	if err != nil {
		return journey.Process{}, err
	}
	for _, p := range all {
		if p.Name == "gateway-"+string(org) {
			return p, nil
		}
	}
	return journey.Process{}, fmt.Errorf("no gateway of %s", org)
}
