package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// The members of the story.
const (
	donghu   = consortium.OrgID("donghu")   // the hospital that holds the records
	qingshan = consortium.OrgID("qingshan") // the hospital that asks for them
	anhe     = consortium.OrgID("anhe")     // the insurer
	weijian  = consortium.OrgID("weijian")  // the health commission
)

// story is what the steps hand on to one another.
type story struct {
	teller
	consortium *journey.Consortium
	root, work string

	course  course           // what happened to the patient, as bundles
	stored  []journey.Stored // what Donghu acknowledged
	report  journey.Stored   // the CT report that the story follows
	bytes   []byte           // that report, as Donghu stores it
	patient consortium.PatientRef
	consent string // id
	file    []byte // evidence of the report
}

func (s *story) steps() []step {
	return []step{
		{"四家成员就绪，账本与日志对外可查", "Four members stand, each with a public log", s.membersStand},
		{"东湖医院的系统送来病历", "The hospital system of Donghu sends a patient's course as FHIR R4", s.recordsArrive},
		{"数据库里只有密文", "The database holds ciphertext only", s.databaseIsCiphertext},
		{"写入日志，由账本见证", "The records are logged, and the ledger witnesses the log", s.ledgerWitnesses},
		{
			"本院医生凭就诊关系阅读",
			"A doctor of Donghu reads, resting on an encounter; one of another hospital may not",
			s.ownDoctorReads,
		},
		{"患者到青杉就诊，医生查到病历在东湖", "The patient comes to Qingshan, whose doctor finds what is held where", s.otherDoctorFinds},
		{"没有同意，拒绝提供", "Asked for without consent: refused, with the article of law", s.refusedWithoutConsent},
		{"患者阅读告知书并签署同意", "The patient reads the notice and signs a consent; the ledger verifies it", s.patientGrants},
		{"凭同意提供，逐字节一致", "Asked again: released, byte for byte", s.releasedWithConsent},
		{"同意之外一概拒绝", "Beyond the consent everything is refused", s.refusedBeyondConsent},
		{"患者看到谁看过、为何看", "The patient sees who looked, and why", s.patientSeesAccess},
		{
			"患者一键撤回，立即生效",
			"The patient withdraws with one call: refused at once, and carried to the ledger",
			s.refusedAfterWithdrawal,
		},
		{"陌生人离线验证病历未被改动", "A stranger verifies offline that the record was not altered", s.strangerVerifies},
		{"审计全部日志", "An auditor recomputes every member's whole log over HTTP", s.auditorAudits},
		{"改动数据库中病历的一个字节：被发现", "One byte of the stored record is changed in the database: caught", s.recordTampering},
		{"改动日志中的一个条目：被发现", "One leaf of the log is changed in the database: caught", s.leafTampering},
	}
}

func (s *story) membersStand(ctx context.Context) (string, error) {
	for _, org := range s.consortium.Orgs() {
		m, err := s.consortium.Member(org)
		if err != nil {
			return "", err
		}
		answer, err := m.With("").Send(ctx, http.MethodGet, "/readyz", "", nil)
		if err != nil {
			return "", err
		}
		if answer.Status != http.StatusOK {
			return "", fmt.Errorf("%s is not ready: %s", org, answer.Body)
		}
		log, err := m.PublicLog(ctx)
		if err != nil {
			return "", err
		}
		checkpoint, err := log.Checkpoint(ctx)
		if err != nil {
			return "", fmt.Errorf("checkpoint of %s: %w", org, err)
		}
		s.say("%s  %s  log %s, %d entries", org, m.URL, checkpoint.Origin, checkpoint.Size)
	}
	if n := len(s.consortium.Orgs()); n != 4 {
		return "", fmt.Errorf("there are %d members, not 4", n)
	}
	return "every member answers, and anybody can verify the signature on its newest checkpoint", nil
}

func (s *story) recordsArrive(ctx context.Context) (string, error) {
	var err error
	s.course, err = newCourse(time.Now())
	if err != nil {
		return "", err
	}
	system, err := s.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return "", err
	}
	s.stored, err = system.Bundle(ctx, s.course.records)
	if err != nil {
		return "", err
	}
	counts := map[string]int{}
	for _, r := range s.stored {
		if r.Type == "" {
			return "", errors.New("an entry of the transaction was not stored")
		}
		counts[r.Type]++
		if r.Type == "DiagnosticReport" {
			s.report = r
		}
	}
	if s.report.ID == "" {
		return "", errors.New("the course holds no report")
	}
	for _, name := range sortedKeys(counts) {
		s.say("%d × %s", counts[name], name)
	}
	return fmt.Sprintf(
		"%d resources on %s were stored in one transaction, each with its log entry, before the answer went out",
		len(s.stored), s.course.name,
	), nil
}

func (s *story) ledgerWitnesses(ctx context.Context) (string, error) {
	system, err := s.consortium.As(donghu, consortium.RoleSystem, "")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	state, err := system.WaitWitnessed(ctx)
	if err != nil {
		return "", err
	}
	s.say("log of donghu: %d entries, all witnessed and published", state.Published)
	auditor, err := s.consortium.As(weijian, consortium.RoleAuditor, "")
	if err != nil {
		return "", err
	}
	logs, err := auditor.Logs(ctx)
	if err != nil {
		return "", err
	}
	for _, l := range logs {
		if l.Org != donghu {
			continue
		}
		if l.Witnessed < state.Published || l.Problem != "" {
			return "", fmt.Errorf("the health commission sees %d entries witnessed, problem %q", l.Witnessed, l.Problem)
		}
		return fmt.Sprintf(
			"the health commission, through its own peer, finds the same log at %d entries on the ledger", l.Witnessed,
		), nil
	}
	return "", errors.New("the health commission does not see the log of donghu")
}

func (s *story) ownDoctorReads(ctx context.Context) (string, error) {
	doctor, err := s.consortium.As(donghu, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	s.bytes, err = doctor.Read(ctx, s.report.Type, s.report.ID)
	if err != nil {
		return "", err
	}
	if !bytes.Contains(s.bytes, []byte(s.course.finding)) {
		return "", errors.New("the report does not hold the finding that was sent")
	}
	if _, err := mustRefuse(
		second(doctor.For(consortium.Marketing).Read(ctx, s.report.Type, s.report.ID)), http.StatusNotFound, "NOT_FOUND",
	); err != nil {
		return "", fmt.Errorf("reading for marketing: %w", err)
	}
	s.say("the same doctor for marketing: answered as if there were no such report; the refusal is logged")
	m, err := s.consortium.Member(donghu)
	if err != nil {
		return "", err
	}
	token, err := s.consortium.Tokens(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	_, err = m.With(token).For(consortium.Treatment).Read(ctx, s.report.Type, s.report.ID)
	var other *journey.Refused
	if !errors.As(err, &other) || other.Status != http.StatusUnauthorized && other.Status != http.StatusForbidden {
		return "", fmt.Errorf("a doctor of Qingshan at Donghu's gateway: %w", errOr(err, "was let in"))
	}
	return "the treating hospital reads what was sent; another hospital's doctor has no way in here", nil
}

func (s *story) otherDoctorFinds(ctx context.Context) (string, error) {
	doctor, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	system, err := s.consortium.As(qingshan, consortium.RoleSystem, "")
	if err != nil {
		return "", err
	}
	if _, err := system.Bundle(ctx, s.course.visit); err != nil {
		return "", fmt.Errorf("register the visit at Qingshan: %w", err)
	}
	found, err := doctor.FindPatient(ctx, s.course.system, s.course.identifier)
	if err != nil {
		return "", err
	}
	s.patient = found.Patient
	held := 0
	for _, h := range found.Holdings {
		if h.Org == donghu {
			held += h.Count
			s.say("donghu holds %d × %s", h.Count, h.Kind)
		}
	}
	if held == 0 {
		return "", errors.New("nothing is found at donghu")
	}
	return "with an encounter of their own they learn who holds what kinds, and not one word of content", nil
}

// wanted is what the doctor of Qingshan asks for.
func wanted() []consortium.Kind {
	return []consortium.Kind{consortium.Diagnoses, consortium.Observations, consortium.Reports}
}

func (s *story) ask(
	ctx context.Context, purpose consortium.Purpose, kinds ...consortium.Kind,
) (journey.Release, error) {
	doctor, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return journey.Release{}, err
	}
	return doctor.Release(ctx, journey.Ask{Patient: s.patient, Custodian: donghu, Purpose: purpose, Kinds: kinds})
}

func (s *story) refusedWithoutConsent(ctx context.Context) (string, error) {
	if err := s.endLeftovers(ctx); err != nil {
		return "", err
	}
	// In an earlier telling the patient may have granted and withdrawn: that refuses too, and says so.
	refused, err := mustRefuse(
		second(s.ask(ctx, consortium.Treatment, wanted()...)), http.StatusForbidden, "CONSENT_MISSING", "CONSENT_WITHDRAWN",
		"CONSENT_EXPIRED",
	)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(
		"refused by Donghu: %s, resting on %s; the refusal is logged on both sides", refused.Code, article(refused),
	), nil
}

// endLeftovers withdraws consents of an earlier telling that was interrupted: they would permit what is to be refused.
func (s *story) endLeftovers(ctx context.Context) error {
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return err
	}
	all, err := person.Consents(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if !k.Counts || k.Recipient != qingshan {
			continue
		}
		if _, err := person.Withdraw(ctx, k.ID); err != nil {
			return fmt.Errorf("withdraw what an earlier telling left: %w", err)
		}
		s.say("consent %s… was left over from an earlier telling; the patient withdraws it first", k.ID[:16])
	}
	return nil
}

func (s *story) patientGrants(ctx context.Context) (string, error) {
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	granted, err := person.Grant(ctx, journey.Choice{
		Recipient: qingshan, Purpose: consortium.Treatment, Kinds: wanted(), Until: time.Now().Add(30 * 24 * time.Hour),
		Lang: "zh",
	})
	if err != nil {
		return "", err
	}
	s.consent = granted.ID
	s.say("consent %s…, for qingshan, %s, %d kinds", granted.ID[:16], granted.Purpose, len(granted.Kinds))
	return "a key made for this consent alone signed the statement; the contract verified it, and sees neither who " +
		"nor what for", nil
}

func (s *story) releasedWithConsent(ctx context.Context) (string, error) {
	release, err := s.ask(ctx, consortium.Treatment, wanted()...)
	if err != nil {
		return "", err
	}
	for _, r := range release.Records {
		if !slices.Contains(wanted(), r.Kind) {
			return "", fmt.Errorf("a record of kind %s came, which was not asked for", r.Kind)
		}
	}
	i := slices.IndexFunc(
		release.Records, func(r journey.Record) bool { return r.Type == s.report.Type && r.ID == s.report.ID },
	)
	if i < 0 {
		return "", errors.New("the report is not among the released records")
	}
	if !bytes.Equal(release.Records[i].Content, s.bytes) {
		return "", errors.New("the released report is not the stored one")
	}
	if release.Decision.Consent != s.consent {
		return "", errors.New("the decision does not rest on the patient's consent")
	}
	again, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	shown, err := again.ShowRelease(ctx, release.ID)
	if err != nil {
		return "", fmt.Errorf("show the release again: %w", err)
	}
	if len(shown.Records) != len(release.Records) {
		return "", errors.New("shown again, it holds other records")
	}
	if err := s.receiverProves(ctx, again, release.ID); err != nil {
		return "", err
	}
	return fmt.Sprintf(
		"%d records arrived, signed by Donghu, resting on that consent; release and receipt stand in both logs",
		len(release.Records),
	), nil
}

func (s *story) refusedBeyondConsent(ctx context.Context) (string, error) {
	for _, c := range []struct {
		what    string
		purpose consortium.Purpose
		kinds   []consortium.Kind
		codes   []string
	}{
		{
			"a kind that it does not name", consortium.Treatment, []consortium.Kind{consortium.Medications},
			[]string{"CONSENT_KIND"},
		},
		{
			"another purpose", consortium.Research, wanted(), []string{"CONSENT_PURPOSE", "PURPOSE_NOT_ALLOWED", "ROLE_PURPOSE"},
		},
		{"marketing", consortium.Marketing, wanted(), []string{"MARKETING_PROHIBITED"}},
	} {
		refused, err := mustRefuse(second(s.ask(ctx, c.purpose, c.kinds...)), http.StatusForbidden, c.codes...)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.what, err)
		}
		s.say("%s: %s (%s)", c.what, refused.Code, article(refused))
	}
	insurer, err := s.consortium.As(anhe, consortium.RoleAssessor, "")
	if err != nil {
		return "", err
	}
	_, err = insurer.Release(
		ctx, journey.Ask{Patient: s.patient, Custodian: donghu, Purpose: consortium.Payment, Kinds: wanted()},
	)
	var refused *journey.Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		return "", fmt.Errorf("the insurer: %w", errOr(err, "was let in"))
	}
	s.say("the insurer, whom it does not name: %s (%s)", refused.Code, article(refused))
	return "a consent opens what it names, to whom it names, for what it names, and nothing else", nil
}

func (s *story) patientSeesAccess(ctx context.Context) (string, error) {
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return "", err
	}
	entries, err := person.Access(ctx, 50)
	if err != nil {
		return "", err
	}
	allowed, refused := 0, 0
	for i, e := range entries {
		if i > 0 && e.Seq != entries[i-1].Seq-1 {
			return "", fmt.Errorf("entry %d follows entry %d: one is missing", entries[i-1].Seq, e.Seq)
		}
		switch {
		case e.Org == qingshan && e.Allow:
			allowed++
		case e.Org == qingshan:
			refused++
		}
		if i < 6 {
			s.say(
				"#%d %s %s@%s %s allow=%v %s", e.Seq, e.Time.Local().Format("15:04:05"), e.Actor, e.Org, e.Purpose, e.Allow,
				firstCode(e.Reasons),
			)
		}
	}
	if allowed == 0 || refused == 0 {
		return "", fmt.Errorf("of Qingshan's asking %d allowed and %d refused entries are shown", allowed, refused)
	}
	return "every asking is there, refused ones too, numbered without a gap", nil
}

func (s *story) refusedAfterWithdrawal(ctx context.Context) (string, error) {
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return "", err
	}
	copied, err := s.ask(ctx, consortium.Treatment, wanted()...)
	if err != nil {
		return "", fmt.Errorf("a last time before the withdrawal: %w", err)
	}
	start := time.Now()
	if _, err := person.Withdraw(ctx, s.consent); err != nil {
		return "", err
	}
	refused, err := mustRefuse(
		second(s.ask(ctx, consortium.Treatment, wanted()...)), http.StatusForbidden, "CONSENT_WITHDRAWN",
	)
	if err != nil {
		return "", err
	}
	took := time.Since(start)
	s.say("%s (%s), %s after the click", refused.Code, article(refused), took.Round(time.Millisecond))
	doctor, err := s.consortium.As(qingshan, consortium.RoleClinician, "")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := person.WaitConsent(
		ctx, s.consent, func(k journey.Consent) bool { return k.Ledger != nil && k.Ledger.State == "withdrawn" },
	); err != nil {
		return "", err
	}
	// The receiver has the ledger's word and no other: its own peer may have the block a moment later.
	for {
		_, err := mustRefuse(second(doctor.ShowRelease(ctx, copied.ID)), http.StatusForbidden, "CONSENT_WITHDRAWN")
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the copy that was received before: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	s.say("with the ledger's word, the copy that the doctor received before is not shown any more either")
	return "it counts the moment the click is answered; the signed withdrawal then stands on the ledger for good", nil
}
