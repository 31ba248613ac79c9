package matrix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// The members of the journey.
const (
	donghu   = consortium.OrgID("donghu")
	qingshan = consortium.OrgID("qingshan")
	weijian  = consortium.OrgID("weijian")
)

// stage is a consortium with the journey's rows in it, and what is needed to look at them.
type stage struct {
	consortium *journey.Consortium
	db         *pgx.Conn
	world      world
	probes     []probe
	report     journey.Stored
	grants     [][]string // by patient: a consent that lasts and one that is withdrawn
	release    string
	session    *browser
	signedOut  *browser
	watch      *watcher
}

// patients are the two of the journey: their id at the development provider and their identity number.
var patients = []struct{ person, identifier string }{
	{"li-jianguo", people.LiJianguoID},
	{"wang-xiulan", people.WangXiulanID},
}

// fill lets two patients be treated at two hospitals, grant, withdraw, look and sign in, so that every table has rows,
// and keeps what the tables held at several moments.
func (s *stage) fill(ctx context.Context) error {
	s.watch = newWatcher(ctx, s.consortium, s.world.tables)
	defer s.watch.stop()
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"records", s.treat},
		{"moment 0", s.remember},
		{"updates and consents", s.agree},
		{"moment 1", s.remember},
		{"release", s.ask},
		{"sessions", s.signIn},
		{"withdrawal", s.withdraw},
		{"moment 2", s.remember},
		{"a last round", s.lastRound},
	}
	for _, step := range steps {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("journey: %s: %w", step.name, err)
		}
	}
	s.world.moments = append(s.world.moments, s.watch.stop())
	s.world.probed = []hint{
		{"id", `"` + s.report.ID + `"`}, {"id", `"` + s.grants[0][0] + `"`}, {"request_id", `"` + s.release + `"`},
	}
	for _, hash := range append(s.session.hashes(), s.signedOut.hashes()...) {
		s.world.probed = append(s.world.probed, hint{"id_hash", hash})
	}
	return s.refresh(ctx)
}

// refresh reads the tables as they are now, once nothing waits any more.
func (s *stage) refresh(ctx context.Context) error {
	err := errors.Join(s.settle(ctx, donghu), s.settle(ctx, qingshan))
	if err != nil {
		return err
	}
	s.world.now, err = state(ctx, s.db, s.world.tables)
	return err
}

func (s *stage) remember(ctx context.Context) error {
	for _, org := range []consortium.OrgID{donghu, qingshan} {
		if err := s.settle(ctx, org); err != nil {
			return err
		}
	}
	now, err := state(ctx, s.db, s.world.tables)
	if err != nil {
		return err
	}
	s.world.moments = append(s.world.moments, now)
	return nil
}

func (s *stage) settle(ctx context.Context, org consortium.OrgID) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	system, err := s.consortium.As(org, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	_, err = system.WaitWitnessed(ctx)
	return err
}

// treat stores both patients' courses at both hospitals.
func (s *stage) treat(ctx context.Context) error {
	for _, org := range []consortium.OrgID{donghu, qingshan} {
		system, err := s.consortium.As(org, consortium.RoleSystem, "")
		if err != nil {
			return err
		}
		for i, p := range patients {
			stored, err := system.Bundle(ctx, courseOf(p.identifier))
			if err != nil {
				return err
			}
			if org == donghu && i == 0 {
				s.report = reportOf(stored)
			}
		}
	}
	return s.find(ctx)
}

func courseOf(identifier string) []byte {
	for _, p := range people.Demo(time.Now()) {
		if p.Identifier == identifier {
			return p.Bundle
		}
	}
	return nil
}

func reportOf(stored []journey.Stored) journey.Stored {
	for _, r := range stored {
		if r.Type == "DiagnosticReport" {
			return r
		}
	}
	return journey.Stored{}
}

// find learns the patients' references, as they stand in the database.
func (s *stage) find(ctx context.Context) error {
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	refs := []*string{&s.world.patient, &s.world.other}
	for i, p := range patients {
		found, err := doctor.FindPatient(ctx, people.IDCardSystem, p.identifier)
		if err != nil {
			return err
		}
		*refs[i] = `"` + string(found.Patient) + `"`
	}
	return nil
}

// agree makes a second version of the report and lets both patients grant.
func (s *stage) agree(ctx context.Context) error {
	system, err := s.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	present, err := doctor.Read(ctx, s.report.Type, s.report.ID)
	if err != nil {
		return err
	}
	changed := bytes.Replace(present, []byte(`"status":"final"`), []byte(`"status":"amended"`), 1)
	answer, err := system.Send(
		ctx, http.MethodPut, "/fhir/"+s.report.Type+"/"+s.report.ID, "application/fhir+json", changed,
	)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return journey.ReadRefusal("update", answer)
	}
	for i := range patients {
		ids, err := s.grantTwice(ctx, i)
		if err != nil {
			return err
		}
		s.grants = append(s.grants, ids)
	}
	return nil
}

func (s *stage) grantTwice(ctx context.Context, patient int) ([]string, error) {
	person, err := s.consortium.As(donghu, consortium.RolePatient, patients[patient].person)
	if err != nil {
		return nil, err
	}
	var ids []string
	for range 2 {
		granted, err := person.Grant(ctx, journey.Choice{
			Recipient: qingshan, Purpose: consortium.Treatment, Until: time.Now().Add(30 * 24 * time.Hour), Lang: "zh",
			Kinds: []consortium.Kind{consortium.Diagnoses, consortium.Observations, consortium.Reports},
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, granted.ID)
	}
	return ids, nil
}

// ask lets the doctors of each hospital receive from the other what was agreed to.
func (s *stage) ask(ctx context.Context) error {
	answer, err := s.requestRelease(ctx, s.world.patient)
	if err != nil {
		return err
	}
	s.release = answer.ID
	_, err = s.requestRelease(ctx, s.world.other)
	return err
}

func (s *stage) requestRelease(ctx context.Context, patient string) (journey.Release, error) {
	doctor, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return journey.Release{}, err
	}
	return doctor.Release(ctx, journey.Ask{
		Patient: consortium.PatientRef(strings.Trim(patient, `"`)), Custodian: donghu, Purpose: consortium.Treatment,
		Kinds: []consortium.Kind{consortium.Reports},
	})
}

// signIn opens sessions of both patients, and ends one.
func (s *stage) signIn(ctx context.Context) error {
	m, err := s.consortium.Member(donghu)
	if err != nil {
		return err
	}
	if s.session, err = signIn(ctx, m.URL, patients[0].person); err != nil {
		return err
	}
	if _, err = signIn(ctx, m.URL, patients[1].person); err != nil {
		return err
	}
	other, err := s.consortium.Member(qingshan)
	if err != nil {
		return err
	}
	if _, err = signIn(ctx, other.URL, "he-min"); err != nil {
		return err
	}
	if s.signedOut, err = signIn(ctx, m.URL, patients[0].person); err != nil {
		return err
	}
	now, err := state(ctx, s.db, s.world.tables)
	if err != nil {
		return err
	}
	s.world.moments = append(s.world.moments, now) // the session that ends in a moment stands in it
	return s.signedOut.signOut(ctx)
}

// withdraw takes one of each patient's two consents back.
func (s *stage) withdraw(ctx context.Context) error {
	for i := range patients {
		person, err := s.consortium.As(donghu, consortium.RolePatient, patients[i].person)
		if err != nil {
			return err
		}
		id := s.grants[i][1]
		if _, err := person.Withdraw(ctx, id); err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
		_, err = person.WaitConsent(waiting, id, onLedger("withdrawn"))
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func onLedger(state string) func(journey.Consent) bool {
	return func(k journey.Consent) bool { return k.Ledger != nil && k.Ledger.State == state }
}

// lastRound reads once more, so that the newest state is newer than every moment that was kept.
func (s *stage) lastRound(ctx context.Context) error {
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := doctor.Read(ctx, s.report.Type, s.report.ID); err != nil {
			return err
		}
	}
	if _, err := s.requestRelease(ctx, s.world.patient); err != nil {
		return err
	}
	return errors.Join(s.settle(ctx, donghu), s.settle(ctx, qingshan))
}

// watcher keeps every row that was ever seen in tables that are mostly empty, such as what waits for the ledger.
type watcher struct {
	cancel context.CancelFunc
	done   chan struct{}
	seen   State
}

func newWatcher(ctx context.Context, c *journey.Consortium, all []Table) *watcher {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{cancel: cancel, done: make(chan struct{}), seen: State{}}
	go func() {
		defer close(w.done)
		db, err := strongest(ctx, c)
		if err != nil {
			return // the journey's own connection will say so
		}
		defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // only read from
		for ctx.Err() == nil {
			for _, t := range all {
				w.look(ctx, db, t)
			}
		}
	}()
	return w
}

func (w *watcher) look(ctx context.Context, db *pgx.Conn, t Table) {
	if len(w.seen[t.String()]) > 20 {
		return // never empty for long
	}
	rows, err := rowsOf(ctx, db, t)
	if err != nil {
		return
	}
	known := byKey(t, w.seen[t.String()])
	for _, r := range rows {
		if _, ok := known[t.key(r)]; !ok {
			w.seen[t.String()] = append(w.seen[t.String()], r)
		}
	}
}

// stop ends the watching and returns what was seen.
func (w *watcher) stop() State {
	w.cancel()
	<-w.done
	return w.seen
}
