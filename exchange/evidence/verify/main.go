// Command verify is the auditor's program. It checks evidence files offline, with nothing but the members' root
// certificates, or audits a whole log over HTTP, and says in words what was proven, by whom, and what was not. It needs
// no account, no database and no trust in any member.
//
//	verify FILE... --roots DIR [--domain DOMAIN] [--lang zh|en] [--quorum N] [--chaincode NAME] [--channel NAME]
//	verify log URL [--key VERIFIERKEY] [--roots DIR] [--domain DOMAIN] [and the others]
//
// DIR holds one PEM file per member, named <member>.pem, and the consortium's domain in a file named domain. The exit
// code is 0 when everything was proven; 1 when something was disproven or could not be checked; 2 when the program was
// not used as above; 3 when a log is consistent in itself, but was not shown to be the member's log as the members
// witnessed it.
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
	"time"

	"yilian.example/exchange/fault"
)

// Exit codes.
const (
	exitProven   = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotShown = 3
)

const usage = `usage:
  verify FILE... --roots DIR [--domain DOMAIN] [--lang zh|en] [--quorum N] [--chaincode NAME] [--channel NAME]
        check evidence files offline; DIR holds the members' root certificates as <member>.pem, and the
        consortium's domain in a file named domain; several files are also compared with one another
  verify log URL --roots DIR [--domain DOMAIN] [--key VERIFIERKEY] [--lang zh|en] [--quorum N] ...
        audit a whole log, for example http://127.0.0.1:8081/log, beside what the members attest of it;
        without --roots only its consistency is checked, and the exit code is 3 at best
`

// errUsage is a fault in the command line; its text is for the user.
type errUsage struct{ error }

// program is one run: where it writes, in which language, and by which clock.
type program struct {
	out  io.Writer
	lang string
	now  func() time.Time
	// patience is how long it waits before it asks a log again whose newest checkpoint is not there yet.
	patience time.Duration
}

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
	p := &program{out: os.Stdout, lang: lang, now: time.Now, patience: time.Second}
	os.Exit(p.run(ctx, os.Args[1:], os.Stderr))
}

// run carries out one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string, stderr io.Writer) int {
	var err error
	var code int
	if len(args) > 0 && args[0] == "log" {
		code, err = p.log(ctx, args[1:])
	} else {
		code, err = p.files(args)
	}
	var wrong errUsage
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.out, usage)
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
	}
	return code
}

// say prints a line in the language asked for.
func (p *program) say(zh, en string, args ...any) {
	fmt.Fprintf(p.out, p.pick(zh, en)+"\n", args...)
}

// pick returns the words in the language asked for.
func (p *program) pick(zh, en string) string {
	if strings.HasPrefix(p.lang, "zh") {
		return zh
	}
	return en
}
