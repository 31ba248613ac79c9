package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// Options say what a verifier expects.
type Options struct {
	Quorum    int    // how many members must have signed; default 3, more than a dishonest minority of four
	Chaincode string // default "yilian"
	Channel   string // the ledger's name; empty takes any
	// Domain is the consortium's domain, for example yilian.example: a member's log is <member>.<domain>/log and no other.
	// Without it nothing is proven.
	Domain string
}

func (o Options) withDefaults() Options {
	if o.Quorum <= 0 {
		o.Quorum = 3
	}
	if o.Chaincode == "" {
		o.Chaincode = "yilian"
	}
	return o
}

// The steps of a verification, in order.
const (
	StepContent      = "content"      // the record's bytes are those stated
	StepCommitment   = "commitment"   // the log entry commits to the statement
	StepCheckpoint   = "checkpoint"   // the log's key signed the checkpoint, and the log is the stated organisation's
	StepInclusion    = "inclusion"    // the entry stands in the tree of the checkpoint
	StepEndorsements = "endorsements" // enough members' peers signed the attestation
	StepWitness      = "witness"      // what they signed is this checkpoint of this member's log
	StepTime         = "time"         // the organisation's claim of when it recorded fits the log
)

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

	// Statement is what the organisation stated, once StepContent and StepCommitment hold. Its Recorded stays the
	// organisation's own claim, also when StepTime holds.
	Statement Statement
	Origin    string // the log
	Index     int64
	Size      int64
	Members   []string  // whose peers signed
	Witnessed time.Time // when the ledger committed the checkpoint: the entry existed then at the latest
	Attested  time.Time // when the members' peers attested that
}

// Verify checks an evidence file with nothing but the members' root certificates. An error means that it could not be
// read as an evidence file at all; a file that was read always gives a report with every step.
func Verify(data []byte, roots Roots, opts Options) (Report, error) {
	f, err := Parse(data)
	if err != nil {
		return Report{}, err
	}
	v := verification{file: f, roots: roots, opts: opts.withDefaults()}
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

	statement  Statement       // as stated, proven or not
	checkpoint tlog.Checkpoint // once StepCheckpoint holds
	note       []byte
	index      int64
	included   bool // StepInclusion holds
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
	s, err := v.file.statement()
	if err != nil { // Parse refused it
		v.step(StepContent, err)
		v.skip(StepCommitment)
		return
	}
	v.statement = s
	content := v.step(StepContent, v.file.checkContent(s), len(v.file.Content), s.SHA256)
	commitment := v.step(StepCommitment, v.file.checkCommitment(s), s.Org, s.Type, s.ID, s.Version)
	if content && commitment {
		v.report.Statement = s
	}
}

// log checks that the entry stands in the tree that the log's key signed.
func (v *verification) log() {
	proof, err := tlog.ParseProof([]byte(v.file.Proof))
	if err == nil && proof.Extra != nil {
		err = errors.New("the proof carries data that nothing vouches for")
	}
	if err == nil {
		v.note = proof.Checkpoint
		v.checkpoint, err = tlog.OpenCheckpoint(proof.Checkpoint, v.file.Key)
	}
	if err == nil {
		err = v.checkOrigin()
	}
	if !v.step(StepCheckpoint, err, v.checkpoint.Origin, v.checkpoint.Size) {
		v.checkpoint = tlog.Checkpoint{}
		v.skip(StepInclusion)
		return
	}
	err = tlog.CheckInclusion(proof.Hashes, v.checkpoint, proof.Index, tlog.LeafHash([]byte(v.file.Leaf)))
	if v.step(StepInclusion, err, proof.Index, v.checkpoint.Size) {
		v.index, v.included = proof.Index, true
		v.report.Origin, v.report.Index, v.report.Size = v.checkpoint.Origin, proof.Index, v.checkpoint.Size
	}
}

// checkOrigin refuses a log that is not the one log of the stated organisation. The first label alone says little:
// whoever may call a log x.y.<domain>/log could call it after anybody.
func (v *verification) checkOrigin() error {
	switch {
	case v.opts.Domain == "":
		return errors.New("the consortium's domain was not given, so it cannot be told whose log this is")
	case !consortium.OrgID(v.statement.Org).Valid() ||
		v.checkpoint.Origin != consortium.LogOrigin(consortium.OrgID(v.statement.Org), v.opts.Domain):
		return errors.New("the log is not that of the stated organisation")
	}
	return nil
}

// ledger checks that the members together witnessed that tree, and when.
func (v *verification) ledger() {
	read, err := v.file.Attestation.read()
	var members []string
	if err == nil {
		members, err = v.file.Attestation.checkQuorum(read, v.roots, v.opts.Quorum)
	}
	if !v.step(StepEndorsements, err, strings.Join(members, ", ")) {
		v.skip(StepWitness, StepTime)
		return
	}
	v.report.Members = members
	if v.checkpoint.Origin == "" {
		v.skip(StepWitness, StepTime)
		return
	}
	err = read.check(v.opts)
	if err == nil {
		err = read.covers(v.note, v.checkpoint, v.file.Key, v.statement.Org)
	}
	a := read.answer
	if !v.step(StepWitness, err, a.Channel, Stamp(a.Time), Stamp(*a.Attested)) || !v.included {
		v.skip(StepTime)
		return
	}
	v.report.Witnessed, v.report.Attested = a.Time, *a.Attested
	err = v.file.checkTime(v.statement.Recorded, v.index, v.checkpoint, a)
	v.step(StepTime, err, Stamp(a.Time), v.statement.Org, Stamp(v.statement.Recorded))
}

// beijing is the one clock of what people read. The offset stands with each time, so that it compares with the times in
// files, which are UTC.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// Stamp writes a time for people.
func Stamp(t time.Time) string { return t.In(beijing).Format(time.RFC3339) }
