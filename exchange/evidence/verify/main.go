// Command verify is the auditor's program. It checks an evidence file offline, with nothing but the members' root
// certificates, or audits a whole log over HTTP, and says in words what was proven or what failed. It needs no account,
// no database and no trust in any member.
//
//	verify FILE --roots DIR [--lang zh|en] [--quorum N] [--chaincode NAME] [--channel NAME]
//	verify log URL [--key VERIFIERKEY] [--lang zh|en]
//
// DIR holds one PEM file per member, named <member>.pem. The exit code is 0 when everything was proven, 1 when
// something was disproven or could not be checked, and 2 when the program was not used as above.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"yilian.example/exchange/fault"
)

// Exit codes.
const (
	exitProven = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage:
  verify FILE --roots DIR [--lang zh|en] [--quorum N] [--chaincode NAME] [--channel NAME]
        check an evidence file offline; DIR holds the members' root certificates as <member>.pem
  verify log URL [--key VERIFIERKEY] [--lang zh|en]
        audit a whole log, for example http://127.0.0.1:8081/log
`

// errUsage is a fault in the command line; its text is for the user.
type errUsage struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	lang := "en"
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := os.Getenv(name); value != "" {
			if strings.HasPrefix(value, "zh") {
				lang = "zh"
			}
			break
		}
	}
	os.Exit(run(ctx, os.Args[1:], lang, os.Stdout, os.Stderr))
}

// run carries out one command line and gives the exit code.
func run(ctx context.Context, args []string, lang string, stdout, stderr io.Writer) int {
	var err error
	var proven bool
	if len(args) > 0 && args[0] == "log" {
		proven, err = runLog(ctx, args[1:], lang, stdout)
	} else {
		proven, err = runFile(args, lang, stdout)
	}
	var wrong errUsage
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitProven
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "%v\n%s", err, usage)
		return exitUsage
	case fault.Is(err, fault.Invalid):
		fmt.Fprintln(stderr, fault.Of(err).Public)
		return exitFailed
	case err != nil:
		fmt.Fprintln(stderr, err)
		return exitFailed
	case !proven:
		return exitFailed
	}
	return exitProven
}

// parse reads flags before, between and after the positional arguments, of which there must be exactly one.
func parse(flags *flag.FlagSet, args []string, what string) (string, error) {
	flags.SetOutput(io.Discard)
	var positional []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return "", err
			}
			return "", errUsage{err}
		}
		if flags.NArg() == 0 {
			break
		}
		positional = append(positional, flags.Arg(0))
		args = flags.Args()[1:]
	}
	if len(positional) != 1 {
		return "", errUsage{fmt.Errorf("exactly one %s is needed", what)}
	}
	return positional[0], nil
}

// pick gives the words in the language asked for.
func pick(lang, zh, en string) string {
	if strings.HasPrefix(lang, "zh") {
		return zh
	}
	return en
}
