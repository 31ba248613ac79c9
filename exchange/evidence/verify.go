package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"yilian.example/exchange/tlog"
)

// Options say what a verifier expects.
type Options struct {
	Quorum    int    // how many members must have signed; default 3, more than a dishonest minority of four
	Chaincode string // default "yilian"
	Channel   string // the ledger's name; empty takes any
}

// The steps of a verification, in order.
const (
	StepContent      = "content"      // the record's bytes are those stated
	StepCommitment   = "commitment"   // the log entry commits to the statement
	StepCheckpoint   = "checkpoint"   // the log's key signed the checkpoint, and the log is the stated organisation's
	StepInclusion    = "inclusion"    // the entry stands in the tree of the checkpoint
	StepEndorsements = "endorsements" // enough members' peers signed the attestation
	StepWitness      = "witness"      // what they signed is this checkpoint of this log
)

// clockTolerance is how far the clocks of an organisation and of the ledger's peers may be apart; the peers allow five
// minutes.
const clockTolerance = 10 * time.Minute

// Step is one thing that was checked.
type Step struct {
	Code   string
	OK     bool
	Ran    bool   // false when an earlier failure made it pointless
	Detail string // why it failed, in English; it quotes nothing of the record
	zh, en string
}

// Words says in Chinese or English what the step showed, or what failed.
func (s Step) Words(lang string) string {
	if strings.HasPrefix(lang, "zh") {
		return s.zh
	}
	return s.en
}

// Report is what a verification showed. The facts are filled as far as the steps that prove them held.
type Report struct {
	Steps []Step
	OK    bool // every step held

	Statement Statement // what the organisation stated, once StepContent and StepCommitment hold
	Origin    string    // the log
	Index     int64
	Size      int64
	Members   []string  // whose peers signed
	Witnessed time.Time // when the ledger committed the checkpoint
	Attested  time.Time // when the members' peers attested that
}

// Verify checks an evidence file with nothing but the members' root certificates. An error means that it could not be
// read as an evidence file at all; a file that was read always gives a report with every step.
func Verify(data []byte, roots Roots, opts Options) (Report, error) {
	f, err := Parse(data)
	if err != nil {
		return Report{}, err
	}
	if opts.Quorum <= 0 {
		opts.Quorum = 3
	}
	if opts.Chaincode == "" {
		opts.Chaincode = "yilian"
	}
	v := verification{file: f, roots: roots, opts: opts}
	v.record()
	v.log()
	v.ledger()
	v.report.OK = true
	for _, s := range v.report.Steps {
		v.report.OK = v.report.OK && s.OK
	}
	return v.report, nil
}

// verification is one run over the steps.
type verification struct {
	file   File
	roots  Roots
	opts   Options
	report Report

	checkpoint tlog.Checkpoint // once StepCheckpoint holds
	note       []byte
	org        string // as stated, once the statement can be read
	recorded   time.Time
}

// step adds a step's outcome and reports whether it held.
func (v *verification) step(code string, err error, args ...any) bool {
	s := Step{Code: code, Ran: true, OK: err == nil}
	w := words[code]
	if err == nil {
		s.zh, s.en = fmt.Sprintf(w.provenZH, args...), fmt.Sprintf(w.provenEN, args...)
	} else {
		s.Detail = err.Error()
		s.zh, s.en = w.failedZH, w.failedEN+" ("+err.Error()+")"
	}
	v.report.Steps = append(v.report.Steps, s)
	return s.OK
}

// skip adds steps that were not run.
func (v *verification) skip(codes ...string) {
	for _, code := range codes {
		v.report.Steps = append(
			v.report.Steps, Step{Code: code, zh: "未检查：前面的步骤没有通过", en: "not checked: an earlier step failed"},
		)
	}
}

// record checks that bytes, statement and log entry belong together.
func (v *verification) record() {
	canonical, s, err := v.file.statement()
	if err != nil {
		v.step(StepContent, err)
		v.skip(StepCommitment)
		return
	}
	v.org, v.recorded = s.Org, s.Recorded
	content := v.step(StepContent, v.file.checkContent(s), len(v.file.Content), s.SHA256)
	commitment := v.step(
		StepCommitment, v.file.checkCommitment(canonical, s), s.Org, s.Type, s.ID, s.Version,
		s.Recorded.UTC().Format(time.RFC3339),
	)
	if content && commitment {
		v.report.Statement = s
	}
}

// log checks that the entry stands in the tree that the log's key signed.
func (v *verification) log() {
	proof, err := tlog.ParseProof([]byte(v.file.Proof))
	if err == nil {
		v.note = proof.Checkpoint
		v.checkpoint, err = tlog.OpenCheckpoint(proof.Checkpoint, v.file.Key)
	}
	if err == nil {
		if label, _, _ := strings.Cut(v.checkpoint.Origin, "."); label != v.org {
			err = fmt.Errorf("the log is not that of the stated organisation")
		}
	}
	if !v.step(StepCheckpoint, err, v.checkpoint.Origin, v.checkpoint.Size) {
		v.checkpoint = tlog.Checkpoint{}
		v.skip(StepInclusion)
		return
	}
	err = tlog.CheckInclusion(proof.Hashes, v.checkpoint, proof.Index, tlog.LeafHash([]byte(v.file.Leaf)))
	if v.step(StepInclusion, err, proof.Index, v.checkpoint.Size) {
		v.report.Origin, v.report.Index, v.report.Size = v.checkpoint.Origin, proof.Index, v.checkpoint.Size
	}
}

// ledger checks that the members together witnessed that tree.
func (v *verification) ledger() {
	read, err := parseAttestation(v.file.Attestation)
	var members []string
	if err == nil {
		members, err = read.checkEndorsements(v.roots)
	}
	if err == nil && len(members) < v.opts.Quorum {
		err = fmt.Errorf("%d members with a known root signed, %d are needed", len(members), v.opts.Quorum)
	}
	if !v.step(StepEndorsements, err, strings.Join(members, ", ")) {
		v.skip(StepWitness)
		return
	}
	v.report.Members = members
	if v.checkpoint.Origin == "" {
		v.skip(StepWitness)
		return
	}
	err = read.checkAnswer(v.note, v.checkpoint, v.file.Key, v.opts)
	a := read.answer
	if err == nil && v.recorded.After(a.Time.Add(clockTolerance)) {
		err = errors.New("the record is said to be from after the time at which it was witnessed")
	}
	if v.step(StepWitness, err, a.Channel, a.Time.UTC().Format(time.RFC3339), a.Attested.UTC().Format(time.RFC3339)) {
		v.report.Witnessed, v.report.Attested = a.Time, *a.Attested
	}
}
