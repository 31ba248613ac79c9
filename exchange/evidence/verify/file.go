package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
)

// files checks evidence files, tells each step, and compares those that hold with one another.
func (p *program) files(args []string) (int, error) {
	flags, expected := p.flags("verify")
	names, err := parse(flags, args)
	if err != nil {
		return 0, err
	}
	if len(names) == 0 {
		return 0, errUsage{errors.New("at least one evidence file is needed")}
	}
	if expected.dir == "" {
		return 0, errUsage{errors.New("--roots is missing")}
	}
	if err := expected.load(); err != nil {
		return 0, err
	}
	reports, err := p.reports(names, expected)
	if err != nil {
		return 0, err
	}
	code := exitProven
	for _, r := range reports {
		if !r.OK {
			code = exitFailed
		}
	}
	for _, c := range evidence.Contradictions(reports) {
		code = exitFailed
		p.say("结论：相互矛盾。%s 与 %s：%s。", "CONTRADICTION. %s and %s: %s.",
			names[c.First], names[c.Second], c.Words(p.lang))
	}
	return code, nil
}

// reports checks the files one after another. Of several, one that cannot be read does not keep the others from being
// checked.
func (p *program) reports(names []string, expected *expectation) ([]evidence.Report, error) {
	reports := make([]evidence.Report, len(names))
	for i, name := range names {
		if len(names) > 1 {
			fmt.Fprintf(p.out, "%s:\n", name)
		}
		data, err := readFile(name)
		if err == nil {
			reports[i], err = evidence.Verify(data, expected.roots, expected.opts)
		}
		switch {
		case err != nil && len(names) == 1:
			return nil, err
		case fault.Is(err, fault.Invalid):
			fmt.Fprintln(p.out, fault.Of(err).Public)
		case err != nil:
			fmt.Fprintln(p.out, err)
		default:
			p.tell(reports[i])
		}
	}
	return reports, nil
}

// tell prints each step and the conclusion.
func (p *program) tell(report evidence.Report) {
	for i, step := range report.Steps {
		mark := p.pick("通过", "OK")
		if !step.Ran {
			mark = p.pick("未查", "--")
		} else if !step.OK {
			mark = p.pick("失败", "FAILED")
		}
		fmt.Fprintf(p.out, "%d. [%s] %s\n", i+1, mark, step.Words(p.lang))
	}
	if !report.OK {
		p.say("结论：未能证明。这份文件不能作为证据。", "NOT PROVEN. This file is no evidence.")
		return
	}
	s := report.Statement
	at, members := evidence.Stamp(report.Witnessed), strings.Join(report.Members, ", ")
	p.say(
		"结论：已证明。%[1]s 保存了 %[2]s/%[3]s 第 %[4]d 版，内容与本文件完全一致；"+
			"它是日志 %[6]s 的第 %[5]d 条，最迟于 %[7]s 已经存在，由成员 %[8]s 共同见证，此后未被改动。",
		"PROVEN. %[1]s kept %[2]s/%[3]s version %[4]d in exactly the bytes of this file; it is entry %[5]d of log %[6]s, "+
			"existed at the latest at %[7]s as members %[8]s witnessed together, and is unaltered since.",
		s.Org, s.Type, s.ID, s.Version, report.Index, report.Origin, at, members,
	)
}

// readFile reads at most as much as an evidence file may have; "-" is standard input.
func readFile(name string) ([]byte, error) {
	in := os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read evidence: %w", err)
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, evidence.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	return data, nil
}
