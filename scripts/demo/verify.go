package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/scripts/journey"
)

// verifier returns the auditor's program: the one that set-up built, or built here as a stranger would, statically and
// from source.
func (s *story) verifier(ctx context.Context) (string, error) {
	binary := filepath.Join(s.work, "verify")
	for _, path := range []string{binary, filepath.Join(s.root, ".yilian", "bin", "verify")} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	s.say("building the auditor's program from source …")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./exchange/evidence/verify")
	build.Dir = s.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the auditor's program: %w: %s", err, lastLine(string(out)))
	}
	return binary, nil
}

// offline runs a program without environment and, where this is allowed, in a network namespace of its own, which has
// no network at all.
func (s *story) offline(ctx context.Context, program string, args ...string) (words string, alone bool, err error) {
	command := append([]string{program}, args...)
	if path, err := exec.LookPath("unshare"); err == nil && exec.CommandContext(ctx, path, "--net", "true").Run() == nil {
		command, alone = append([]string{path, "--net"}, command...), true
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Dir = []string{}, s.work
	out, err := cmd.CombinedOutput()
	return string(out), alone, err
}

func (s *story) strangerVerifies(ctx context.Context) (string, error) {
	person, err := s.consortium.As(donghu, consortium.RolePatient, s.course.person)
	if err != nil {
		return "", err
	}
	s.file, err = person.Evidence(ctx, s.report.Type, s.report.ID)
	if err != nil {
		return "", err
	}
	file, roots := filepath.Join(s.work, "evidence.json"), s.consortium.Roots()
	if err := os.WriteFile(file, s.file, 0o600); err != nil {
		return "", err
	}
	s.say("the patient downloads an evidence file of %d bytes and hands it to a stranger", len(s.file))
	program, err := s.verifier(ctx)
	if err != nil {
		return "", err
	}
	start := time.Now()
	words, alone, err := s.offline(ctx, program, file, "--roots", roots)
	if err != nil {
		return "", fmt.Errorf("verify: %w: %s", err, words)
	}
	for line := range strings.Lines(words) {
		s.say("%s", strings.TrimRight(line, "\n"))
	}
	took := time.Since(start)
	if err := s.forgedEvidenceFails(ctx, program, roots); err != nil {
		return "", err
	}
	where := "without environment"
	if alone {
		where = "without network or environment"
	}
	return fmt.Sprintf(
		"a separate process, %s, with nothing but the file and the members' root certificates, in %s; forged files fail",
		where, took.Round(time.Millisecond),
	), nil
}

// receiverProves has the receiver make an evidence file of the report that came, from Donghu's public log and the
// members' signatures.
func (s *story) receiverProves(ctx context.Context, doctor *journey.Client, release string) error {
	content, err := doctor.ReleaseEvidence(ctx, release, s.report.Type, s.report.ID)
	if err != nil {
		return err
	}
	file, roots := filepath.Join(s.work, "received.json"), s.consortium.Roots()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	program, err := s.verifier(ctx)
	if err != nil {
		return err
	}
	words, _, err := s.offline(ctx, program, file, "--roots", roots)
	if err != nil {
		return fmt.Errorf("verify what was received: %w: %s", err, words)
	}
	s.say(
		"Qingshan proves the report from Donghu's public log, without asking Donghu: %s",
		strings.SplitN(lastLine(words), ".", 2)[0],
	)
	return nil
}

// forgedEvidenceFails lets two forgers try: one changes a byte of the record, the other makes the statement fit the
// changed record as well.
func (s *story) forgedEvidenceFails(ctx context.Context, program, roots string) error {
	for _, clever := range []bool{false, true} {
		forged, err := forge(s.file, clever)
		if err != nil {
			return fmt.Errorf("forge the evidence: %w", err)
		}
		file := filepath.Join(s.work, "forged.json")
		if err := os.WriteFile(file, forged, 0o600); err != nil {
			return err
		}
		words, _, err := s.offline(ctx, program, file, "--roots", roots)
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return fmt.Errorf("a forged file passed: %w", errOr(err, lastLine(words)))
		}
		s.say("a forged file: %s", failedLine(words))
	}
	return nil
}

// forge changes one byte of the record in an evidence file, and, when clever, its hash in the statement too.
func forge(file []byte, clever bool) ([]byte, error) {
	parts, err := evidence.Parse(file)
	if err != nil {
		return nil, err
	}
	before := sha256.Sum256(parts.Content)
	parts.Content[len(parts.Content)/2] ^= 1
	if clever {
		after := sha256.Sum256(parts.Content)
		parts.Statement = strings.Replace(
			parts.Statement, hex.EncodeToString(before[:]), hex.EncodeToString(after[:]), 1,
		)
	}
	return parts.Bytes()
}

// auditLog runs the auditor's program over a member's public log, beside what the members attest of it, and returns
// what it says.
func (s *story) auditLog(ctx context.Context, org consortium.OrgID) (string, error) {
	program, err := s.verifier(ctx)
	if err != nil {
		return "", err
	}
	m, err := s.consortium.Member(org)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program, "log", m.URL+"/log", "--roots", s.consortium.Roots())
	cmd.Env, cmd.Dir = []string{}, s.work
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("audit the log of %s: %w: %s", org, err, lastLine(string(out)))
	}
	return string(out), nil
}

func (s *story) auditorAudits(ctx context.Context) (string, error) {
	for _, org := range s.consortium.Orgs() {
		words, err := s.auditLog(ctx, org)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(words) {
			if strings.Contains(line, "[OK]") {
				s.say("%s: %s", org, strings.TrimSpace(line))
			}
		}
	}
	return "every entry, every tile and the signed root of every log agree, also with what the members witnessed", nil
}

// failedLine is the line that says which step failed.
func failedLine(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "FAILED") {
			return strings.TrimSpace(line)
		}
	}
	return lastLine(text)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
