// Package archtest keeps the import rules of docs/architecture.md: a rule that only stands in prose is broken within a
// month.
package archtest

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "yilian.example/"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// list returns our packages with what they import (Imports) and all that is linked with them (Deps), tests left out.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 20 {
		t.Fatalf("only %d packages found", len(pkgs))
	}
	return pkgs
}

// within reports whether an import path is one of the roots or below one.
func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

func ours(paths ...string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = module + p
	}
	return out
}

// rule says what packages under of must not import (direct) and must not be linked with (linked).
type rule struct {
	name    string
	of      []string
	but     []string // exceptions among of
	direct  []string
	linked  []string
	allowed []string // exceptions among direct and linked
	coming  bool     // none of its rooms has a file yet: they are kept from the first one on
}

var (
	drivers = []string{
		"github.com/jackc",
		"github.com/cockroachdb",
		"github.com/hyperledger/fabric-gateway",
		"github.com/hyperledger/fabric-sdk-go",
		"github.com/gin-gonic",
	}
	transport = []string{"net/http", "database/sql"}
	domains   = ours("exchange", "consent", "referral", "care")
	programs  = ours("exchange/evidence/verify")
	// fakes hold a fake in memory and the suite that the real thing passes too.
	fakes = ours(
		"exchange/anchor/anchortest", "exchange/intake/intaketest", "exchange/records/recordstest",
		"exchange/release/releasetest", "consent/consenttest", "chaincode/stubtest", "gateway/internal/fabric/fabrictest",
		"gateway/internal/cockroach/cockroachtest", "gateway/internal/web/webtest",
	)
	// generators write tables at development time and ship nowhere.
	generators = ours("exchange/fhir/internal/gen")
)

func rules() []rule {
	return []rule{
		{
			name:   "vocabulary, error kinds and ledger types import nothing of ours",
			of:     ours("exchange/consortium", "exchange/fault", "chaincode/ledger"),
			linked: append(ours("gateway", "consent", "network"), drivers...),
		},
		{
			name:    "formats do no I/O",
			of:      ours("exchange/fhir", "exchange/tlog"),
			direct:  append([]string{"os", "net", "time/tzdata"}, transport...),
			linked:  drivers,
			but:     generators,
			allowed: []string{"net/url"},
		},
		{
			name:   "domains know no driver, transport or environment",
			of:     domains,
			but:    append(programs, generators...),
			direct: append([]string{"os"}, transport...),
			linked: drivers,
		},
		{name: "domains do not know the gateway", of: domains, linked: ours("gateway", "network", "scripts")},
		{name: "exchange does not know consent", of: ours("exchange"), linked: ours("consent", "referral", "care")},
		{
			name:    "consent does not know exchange's records",
			of:      ours("consent"),
			direct:  ours("exchange", "referral", "care"),
			allowed: ours("exchange/consortium", "exchange/fault", "exchange/logbook", "exchange/tlog", "exchange/fhir"),
		},
		{
			name: "oversight and evidence look at logs from outside: they know formats and nouns, not the rooms that make them",
			of:   ours("exchange/oversight", "exchange/evidence"),
			but:  programs,
			direct: ours(
				"exchange/records", "exchange/intake", "exchange/release", "exchange/anchor", "exchange/logbook",
				"chaincode/contract",
			),
		},
		{
			name:   "only the policy package knows OPA",
			of:     ours("consent", "exchange", "gateway/internal", "chaincode", "network"),
			but:    ours("consent/policy"),
			direct: []string{"github.com/open-policy-agent"},
		},
		{
			name:   "chaincode is deterministic",
			of:     ours("chaincode/contract", "chaincode/ledger"),
			direct: []string{"math/rand", "math/rand/v2", "crypto/rand", "os", "net/http"},
		},
		{
			name:    "chaincode knows formats and nothing else",
			of:      ours("chaincode"),
			direct:  ours("exchange", "consent", "gateway", "network"),
			allowed: ours("exchange/tlog"),
		},
		{
			name:   "storage does not know its callers",
			of:     ours("gateway/internal/cockroach"),
			direct: ours("gateway/internal/api", "gateway/internal/web", "gateway/internal/auth", "gateway/internal/fabric"),
		},
		{
			name:   "the ledger client does not know its callers",
			of:     ours("gateway/internal/fabric"),
			direct: ours("gateway/internal/api", "gateway/internal/web", "gateway/internal/auth", "gateway/internal/cockroach"),
		},
		{
			name:   "api reaches no adapter",
			of:     ours("gateway/internal/api"),
			direct: ours("gateway/internal/cockroach", "gateway/internal/fabric", "gateway/internal/web", "consent/policy"),
		},
		{
			name:   "pages reach no adapter",
			of:     ours("gateway/internal/web"),
			direct: ours("gateway/internal/cockroach", "gateway/internal/fabric", "gateway/internal/api", "consent/policy"),
		},
		{
			name:    "pages of one audience know the shell and the shared pieces, not another audience",
			of:      ours("gateway/internal/web"),
			but:     ours("gateway/internal/web/site", "gateway/internal/web/view", "gateway/internal/web/webtest"),
			direct:  ours("gateway/internal/web"),
			allowed: ours("gateway/internal/web/site", "gateway/internal/web/view"),
		},
		{
			name:    "the pages' shell knows no audience",
			of:      ours("gateway/internal/web/site", "gateway/internal/web/view"),
			linked:  ours("gateway/internal/web"),
			allowed: ours("gateway/internal/web/site", "gateway/internal/web/view"),
		},
		{
			name:   "what pages share is no handler",
			of:     ours("gateway/internal/web/view"),
			direct: []string{"net/http", "github.com/gin-gonic"},
		},
		{
			name: "the network program knows exported configuration only",
			of:   ours("network"),
			direct: append(
				ours("gateway", "exchange", "consent", "referral", "care", "chaincode"), "github.com/hyperledger/fabric-gateway",
			),
			allowed: ours("gateway/config", "exchange/consortium", "scripts/demo/people"),
		},
		{
			name:   "the two Fabric clients never meet in one program",
			of:     ours("network"),
			linked: []string{"github.com/hyperledger/fabric-gateway"},
		},
		{
			name:   "nobody ships with scripts",
			of:     ours("gateway", "chaincode", "exchange", "consent"),
			but:    ours("gateway/internal/web/webtest"), // for tests, and kept out of programs by the next rule
			linked: ours("scripts"),
		},
		{
			name:   "nobody ships with what tests of pages share",
			of:     ours("gateway"),
			but:    ours("gateway/internal/web/webtest"),
			linked: ours("gateway/internal/web/webtest"),
		},
		{
			name:   "nobody ships with a fake or a suite: they are for tests",
			of:     ours("gateway", "chaincode", "exchange", "consent", "network"),
			but:    append(ours("gateway/internal/logbench"), fakes...), // a measurement ships nowhere
			linked: fakes,
		},
	}
}

func TestImportRules(t *testing.T) {
	pkgs := list(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			seen := 0
			for _, p := range pkgs {
				if !within(p.ImportPath, r.of...) || within(p.ImportPath, r.but...) {
					continue
				}
				seen++
				r.check(t, p)
			}
			switch {
			case seen == 0 && !r.coming:
				t.Errorf("the rule guards no package: was one renamed?")
			case seen > 0 && r.coming:
				t.Logf("a room of this rule has files: take the mark away once they all have")
			}
		})
	}
}

func (r rule) check(t *testing.T, p pkg) {
	t.Helper()
	for _, dep := range p.Imports {
		if within(dep, r.direct...) && !within(dep, r.allowed...) && !within(dep, p.ImportPath) {
			t.Errorf("%s imports %s", p.ImportPath, dep)
		}
	}
	for _, dep := range p.Deps {
		if within(dep, r.linked...) && !within(dep, r.allowed...) {
			t.Errorf("%s is linked with %s", p.ImportPath, dep)
		}
	}
}
