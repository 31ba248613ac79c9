package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
)

// verifier builds the auditor's program, as a stranger would: from source, statically, needing nothing of the consortium.
func (s *story) verifier(ctx context.Context) (string, error) {
	binary := filepath.Join(s.work, "verify")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./exchange/evidence/verify")
	build.Dir = s.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the auditor's program: %w: %s", err, lastLine(string(out)))
	}
	return binary, nil
}

// offline runs a program without environment and, where this is allowed, in a network namespace of its own, which has no network at all.
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
	file, roots := filepath.Join(s.work, "evidence.json"), filepath.Join(s.work, "roots")
	if err := errors.Join(os.WriteFile(file, s.file, 0o600), s.consortium.WriteRoots(roots)); err != nil {
		return "", err
	}
	s.say("the patient downloads an evidence file of %d bytes and hands it to a stranger", len(s.file))
	program, err := s.verifier(ctx)
	if err != nil {
		return "", err
	}
	start := time.Now()
	words, alone, err := s.offline(ctx, program, "evidence", "--roots", roots, file)
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
	return fmt.Sprintf("a separate process, %s, with nothing but the file and the members' root certificates, in %s; one byte changed and it fails", where, took.Round(time.Millisecond)), nil
}

// forgedEvidenceFails changes the finding inside the evidence file's record.
func (s *story) forgedEvidenceFails(ctx context.Context, program, roots string) error {
	forged := forge(s.file)
	if bytes.Equal(forged, s.file) {
		return errors.New("forge the evidence: nothing was changed")
	}
	file := filepath.Join(s.work, "forged.json")
	if err := os.WriteFile(file, forged, 0o600); err != nil {
		return err
	}
	words, _, err := s.offline(ctx, program, "evidence", "--roots", roots, file)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("a forged file passed: %w", errOr(err, lastLine(words)))
	}
	s.say("with one byte of the record changed: %s", lastLine(words))
	return nil
}

// forge changes one base64 character in the middle of the longest string of the file, which is the record.
func forge(file []byte) []byte {
	forged := bytes.Clone(file)
	from, to, start := 0, 0, -1
	for i, b := range forged {
		if b != '"' {
			continue
		}
		if start >= 0 && i-start > to-from {
			from, to = start, i
		}
		start = i + 1
	}
	at := (from + to) / 2
	if forged[at] == 'A' {
		forged[at] = 'B'
	} else {
		forged[at] = 'A'
	}
	return forged
}

// auditLog runs the auditor's program over a member's public log and gives what it says.
func (s *story) auditLog(ctx context.Context, org consortium.OrgID) (string, error) {
	program, err := s.verifier(ctx)
	if err != nil {
		return "", err
	}
	m, err := s.consortium.Member(org)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program, "log", m.URL+"/log")
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
		s.say("%s: %s", org, lastLine(words))
	}
	return "every entry, every tile and the signed root of every log agree", nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
