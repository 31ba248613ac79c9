package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yilian.example/exchange/evidence"
)

// runFile checks an evidence file and tells each step.
func runFile(args []string, lang string, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	dir := flags.String("roots", "", "")
	flags.StringVar(&lang, "lang", lang, "")
	var opts evidence.Options
	flags.IntVar(&opts.Quorum, "quorum", 3, "")
	flags.StringVar(&opts.Chaincode, "chaincode", "yilian", "")
	flags.StringVar(&opts.Channel, "channel", "", "")
	name, err := parse(flags, args, "evidence file")
	if err != nil {
		return false, err
	}
	if *dir == "" {
		return false, errUsage{fmt.Errorf("--roots is missing")}
	}
	if opts.Quorum < 1 {
		return false, errUsage{fmt.Errorf("--quorum is at least 1")}
	}
	roots, err := readRoots(*dir)
	if err != nil {
		return false, err
	}
	data, err := readFile(name)
	if err != nil {
		return false, err
	}
	report, err := evidence.Verify(data, roots, opts)
	if err != nil {
		return false, err
	}
	tell(report, lang, out)
	return report.OK, nil
}

// tell prints each step and the conclusion.
func tell(report evidence.Report, lang string, out io.Writer) {
	for i, step := range report.Steps {
		mark := pick(lang, "通过", "OK")
		if !step.Ran {
			mark = pick(lang, "未查", "--")
		} else if !step.OK {
			mark = pick(lang, "失败", "FAILED")
		}
		fmt.Fprintf(out, "%d. [%s] %s\n", i+1, mark, step.Words(lang))
	}
	if !report.OK {
		fmt.Fprintln(out, pick(lang, "结论：未能证明。这份文件不能作为证据。", "NOT PROVEN. This file is no evidence."))
		return
	}
	s := report.Statement
	fmt.Fprintf(out, pick(
		lang, "结论：已证明。%s 保存了 %s/%s 第 %d 版，内容与本文件完全一致；它在日志 %s 的第 %d 条，最迟于 %s 由成员 %s 共同见证，此后未被改动。\n",
		"PROVEN. %s kept %s/%s version %d in exactly the bytes of this file; it is entry %d of log %s, witnessed at the latest at %s by members %s together, and unaltered since.\n",
	), conclusion(report, lang, s)...)
}

// conclusion gives the arguments of the last sentence, in the order of each language.
func conclusion(report evidence.Report, lang string, s evidence.Statement) []any {
	at, members := report.Witnessed.UTC().Format(time.RFC3339), strings.Join(report.Members, ", ")
	args := []any{s.Org, s.Type, s.ID, s.Version, report.Index, report.Origin, at, members}
	if strings.HasPrefix(lang, "zh") {
		args[4], args[5] = args[5], args[4]
	}
	return args
}

// readRoots reads <member>.pem files.
func readRoots(dir string) (evidence.Roots, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, fmt.Errorf("read roots: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("read roots: no .pem file in %s", dir)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read roots: %w", err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".pem")] = data
	}
	return evidence.ParseRoots(files)
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
