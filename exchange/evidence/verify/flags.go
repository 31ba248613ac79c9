package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"yilian.example/exchange/evidence"
)

// expectation is what both commands take: whose signatures count, and for which consortium.
type expectation struct {
	dir   string
	opts  evidence.Options
	roots evidence.Roots
}

func (p *program) flags(name string) (*flag.FlagSet, *expectation) {
	flags, e := flag.NewFlagSet(name, flag.ContinueOnError), &expectation{}
	flags.StringVar(&e.dir, "roots", "", "")
	flags.StringVar(&e.opts.Domain, "domain", "", "")
	flags.IntVar(&e.opts.Quorum, "quorum", 3, "")
	flags.StringVar(&e.opts.Chaincode, "chaincode", "yilian", "")
	flags.StringVar(&e.opts.Channel, "channel", "", "")
	flags.StringVar(&p.lang, "lang", p.lang, "")
	return flags, e
}

// load reads the roots' directory.
func (e *expectation) load() error {
	if e.opts.Quorum < 1 {
		return errUsage{errors.New("--quorum is at least 1")}
	}
	var err error
	if e.roots, err = readRoots(e.dir); err != nil {
		return err
	}
	if e.opts.Domain == "" {
		e.opts.Domain, err = readDomain(e.dir)
	}
	return err
}

// readDomain reads the consortium's domain from beside the roots.
func readDomain(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "domain"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errUsage{errors.New("--domain is missing, and the directory of roots has no file named domain: " +
			"a member's log is <member>.<domain>/log and no other")}
	}
	if err != nil {
		return "", fmt.Errorf("read domain: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
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

// parse reads flags before, between and after the positional arguments.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var positional []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage{err}
		}
		if flags.NArg() == 0 {
			return positional, nil
		}
		positional = append(positional, flags.Arg(0))
		args = flags.Args()[1:]
	}
}
