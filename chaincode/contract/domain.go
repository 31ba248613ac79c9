package contract

import (
	"strings"

	"yilian.example/chaincode/ledger"
)

// pinDomain refuses a log whose name, behind its member's, is not the domain of this ledger: a member has one log, and
// its name says whose it is. The domain is that of the log that was registered first (docs/adr/0006). Registrations at
// the same time conflict on what was read here, so that two cannot both be the first.
func (c call) pinDomain(origin string) error {
	logs, err := c.logs()
	if err != nil || len(logs) == 0 {
		return err
	}
	first := logs[0]
	for _, state := range logs[1:] {
		if state.Registered.Before(first.Registered) {
			first = state
		}
	}
	if domainOf(first.Origin) != domainOf(origin) {
		return refuse(ledger.CodeLogDomain, "a log is named for its member and this ledger's domain, and nothing else")
	}
	return nil
}

// domainOf is what an origin has between its member's name and "/log".
func domainOf(origin string) string {
	_, rest, _ := strings.Cut(origin, ".")
	return strings.TrimSuffix(rest, "/log")
}
