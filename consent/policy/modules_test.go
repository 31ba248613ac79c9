package policy

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/rego"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

// parsed returns every module below this folder, tests included, by its path.
func parsed(t *testing.T) map[string]*ast.Module {
	t.Helper()
	out := map[string]*ast.Module{}
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".rego" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		m, err := ast.ParseModuleWithOpts(
			name, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true},
		)
		out[filepath.ToSlash(name)] = m
		return err
	})
	if err != nil || len(out) < 16 {
		t.Fatalf("parsed %d modules: %v", len(out), err)
	}
	return out
}

// rules returns the modules that are no tests.
func rules(t *testing.T) map[string]*ast.Module {
	t.Helper()
	out := parsed(t)
	for name := range out {
		if strings.HasSuffix(name, "_test.rego") {
			delete(out, name)
		}
	}
	return out
}

// TestRegoFormat keeps the rules in the one form that OPA's own formatter gives.
func TestRegoFormat(t *testing.T) {
	for name := range parsed(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, want) {
			t.Errorf("%s is not as `opa fmt` writes it", name)
		}
	}
}

// TestEachFolderIsOnePackage: a file's package is its folder's, and it refers to no package but its own and the
// library, so that no file can add a basis to another action's.
func TestEachFolderIsOnePackage(t *testing.T) {
	for name, m := range parsed(t) {
		folder, file := path.Split(name)
		folder = path.Clean(folder)
		test := strings.HasSuffix(file, "_test.rego")
		want := "data.policy." + folder
		if test {
			want += "_test"
		}
		if strings.Contains(folder, "/") || folder == "." || m.Package.Path.String() != want {
			t.Errorf("%s is of %s, want %s in a folder of its own", name, m.Package.Path, want)
		}
		if test {
			continue
		}
		for _, i := range m.Imports {
			if i.Path.String() != "data.policy.lib" || folder == library {
				t.Errorf("%s imports %s", name, i.Path)
			}
		}
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if r.HasPrefix(ast.MustParseRef("data")) && !r.HasPrefix(ast.MustParseRef("data.consortium")) &&
				!r.Equal(m.Package.Path) && !r.Equal(ast.MustParseRef("data.policy.lib")) {
				t.Errorf("%s refers to %s", name, r)
			}
			return false
		})
	}
}

// TestNothingIsPermittedByDefault: no rule of any module is true by default.
func TestNothingIsPermittedByDefault(t *testing.T) {
	for name, m := range parsed(t) {
		for _, rule := range m.Rules {
			if rule.Default && rule.Head.Value.Equal(ast.BooleanTerm(true)) {
				t.Errorf("%s: %s is true by default", name, rule.Head.Name)
			}
		}
	}
}

// TestEachActionDecidesInTheSharedWay: an action's rules stand in the one file of its name, which refuses by default
// and allows in one way only.
func TestEachActionDecidesInTheSharedWay(t *testing.T) {
	for name, m := range rules(t) {
		folder := path.Dir(name)
		if folder == library {
			if decides := append(shape(m, "allow"), append(shape(m, "decision"), shape(m, "bases")...)...); len(decides) != 0 {
				t.Errorf("%s decides: %q", name, decides)
			}
			continue
		}
		if name != folder+"/"+folder+".rego" {
			t.Errorf("%s stands beside the one file of its action", name)
		}
		allows, answers := sharedWay(folder)
		if got := shape(m, "allow"); !slices.Equal(got, allows) {
			t.Errorf("%s allows in its own way: %q", name, got)
		}
		if got := shape(m, "decision"); len(got) != 1 || !answers.MatchString(got[0]) {
			t.Errorf("%s decides in its own way: %q", name, got)
		}
	}
}

// sharedWay is how a folder's rules allow and answer.
func sharedWay(folder string) ([]string, *regexp.Regexp) {
	if folder == unknown {
		return nil, regexp.MustCompile(`^decision := lib\.refused\({"ACTION_UNKNOWN"}\) if { true }$`)
	}
	return []string{
			"default allow := false",
			`allow if { neq(bases, set()); equal(input.query.action, "` + folder + `"); lib.in_order }`,
		}, regexp.MustCompile(
			`^decision := lib\.allowed\(bases, [^()]+\) if { allow } else = lib\.refused\(grounds\) if { true }$`,
		)
}

// shape returns a module's rules of a name as the parser understood them.
func shape(m *ast.Module, name string) []string {
	var out []string
	for _, rule := range m.Rules {
		if rule.Head.Ref().String() == name || string(rule.Head.Name) == name {
			bare := rule.Copy()
			bare.Annotations = nil
			text := bare.String()
			if rule.Default {
				text = strings.Replace(text, " = ", " := ", 1)
			}
			out = append(out, strings.Replace(text, "allow = true if", "allow if", 1))
		}
	}
	return out
}

// TestEachActionHasOneEntrypoint: there is a folder for each action, and none besides but the library and the one that
// refuses all other actions.
func TestEachActionHasOneEntrypoint(t *testing.T) {
	found := map[string][]string{}
	for name, m := range rules(t) {
		for _, a := range m.Annotations {
			if a.Entrypoint {
				found[path.Dir(name)] = append(found[path.Dir(name)], a.GetTargetPath().String())
			}
		}
		if folder := path.Dir(name); folder != library && folder != unknown && !consortium.Action(folder).Valid() {
			t.Errorf("%s is the folder of no action", folder)
		}
	}
	for _, a := range append(consortium.Actions(), unknown) {
		if got := found[string(a)]; !slices.Equal(got, []string{"data.policy." + string(a) + ".decision"}) {
			t.Errorf("%s has the entrypoints %v", a, got)
		}
	}
	if len(found[library]) != 0 {
		t.Errorf("the library has entrypoints %v", found[library])
	}
}

// TestEachRuleIsTested: every action and the library have tests that see an allowance and tests that see a refusal of
// each basis and ground, by its code.
func TestEachRuleIsTested(t *testing.T) {
	for name, m := range rules(t) {
		folder := path.Dir(name)
		if folder == library {
			continue
		}
		text, err := os.ReadFile(folder + "/" + folder + "_test.rego")
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range m.Rules {
			set := rule.Head.Ref().String()
			if rule.Head.Key == nil || set != "bases" && set != "grounds" {
				continue
			}
			if code, ok := rule.Head.Key.Value.(ast.String); ok && !strings.Contains(string(text), string(code)) {
				t.Errorf("no test of %s sees %s", folder, code)
			}
		}
		for _, seen := range []string{"\tanswer.allow\n", "\tnot answer.allow\n"} {
			if folder != unknown && !strings.Contains(string(text), seen) {
				t.Errorf("no test of %s says %q", folder, seen)
			}
		}
	}
}

// catalogue returns what each code rests on.
func catalogue(t *testing.T) map[string]string {
	t.Helper()
	modules, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := parse(modules)
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Query("data.policy.lib.catalogue"), rego.Compiler(compiler)).Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for code, entry := range results[0].Expressions[0].Value.(map[string]any) {
		out[code] = entry.([]any)[2].(string)
	}
	return out
}

// TestEveryCodeCitesAKnownLaw: pages write the law's name out, so there must be one.
func TestEveryCodeCitesAKnownLaw(t *testing.T) {
	all := catalogue(t)
	if len(all) < 30 {
		t.Fatalf("found %d codes", len(all))
	}
	for code, text := range all {
		citations, err := consortium.ParseCitations(text)
		if err != nil {
			t.Errorf("%s: %v", code, err)
		}
		for _, c := range citations {
			if len(c.Articles) == 0 {
				t.Errorf("%s cites %s without an article", code, c.Law.Code)
			}
		}
	}
}

// TestEveryCodeIsInTheCatalogue: a code without an entry would be left out of the reasons without a word.
func TestEveryCodeIsInTheCatalogue(t *testing.T) {
	all, used := catalogue(t), map[string]bool{}
	shape := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$|^DIRECTORY$`)
	for name, m := range rules(t) {
		for _, rule := range m.Rules {
			if rule.Head.Ref().String() == "catalogue" || rule.Head.Ref().String() == "obligations" {
				continue
			}
			ast.WalkTerms(rule, func(term *ast.Term) bool {
				if code, ok := term.Value.(ast.String); ok && shape.MatchString(string(code)) {
					if used[string(code)] = true; all[string(code)] == "" && !isObligation(string(code)) {
						t.Errorf("%s uses %s, which is not in the catalogue", name, code)
					}
				}
				return false
			})
		}
	}
	for code := range all {
		if !used[code] {
			t.Errorf("no rule uses %s", code)
		}
	}
}

func isObligation(code string) bool {
	return consortium.Obligation{Code: consortium.ObligationCode(code)}.Binds(consortium.ActionRelease)
}

// TestNoRuleListsWords: roles, purposes and kinds are read from the table, so that a new one is one line there.
func TestNoRuleListsWords(t *testing.T) {
	words := map[string]bool{}
	for _, r := range consortium.Roles() {
		words[string(r)] = true
	}
	for _, p := range consortium.Purposes() {
		words[string(p)] = true
	}
	for _, k := range consortium.PatientKinds() {
		words[string(k)] = true
	}
	for name, m := range rules(t) {
		ast.WalkTerms(m, func(term *ast.Term) bool {
			count := 0
			switch term.Value.(type) {
			case *ast.Array, ast.Set, ast.Object:
				ast.WalkTerms(term, func(inner *ast.Term) bool {
					if s, ok := inner.Value.(ast.String); ok && words[string(s)] {
						count++
					}
					return false
				})
			}
			if count > 1 {
				t.Errorf("%s lists words that the table of roles has: %s", name, term)
			}
			return false
		})
	}
}

// TestANewRoleIsOneLine adds one to the table: the rules that name no role hold for it, and the digest tells.
func TestANewRoleIsOneLine(t *testing.T) {
	in := release()
	in.Query.Actor.Org, in.Query.Actor.Role, in.Query.Action = "donghu", "pharmacist", consortium.ActionRead
	in.Query.Patient, in.Query.Kinds = "", []consortium.Kind{consortium.Directory}
	with, err := compile(t.Context(), append(consortium.Grants(), consortium.Grant{
		Role:     "pharmacist",
		Purposes: []consortium.Purpose{consortium.Treatment},
		Actions:  []consortium.Action{consortium.ActionRead},
	}))
	if err != nil {
		t.Fatal(err)
	}
	without := engine(t)
	if d := decide(t, without, in); d.Allow || d.Reasons[0].Code != "PURPOSE_NOT_ALLOWED" {
		t.Errorf("a role without a line: %+v", d)
	}
	if d := decide(t, with, in); !d.Allow || d.Reasons[0].Code != "DIRECTORY" {
		t.Errorf("a role with a line: %+v", d)
	}
	if with.Digest() == without.Digest() {
		t.Error("the digest does not cover the table of roles")
	}
}

// TestAnActionWithoutRulesIsRefused: refused with a reason, never an error that somebody might take for an answer.
func TestAnActionWithoutRulesIsRefused(t *testing.T) {
	for action, code := range map[consortium.Action]string{
		"": "INPUT_MISSING", "export": "ACTION_UNKNOWN", "lib": "ACTION_UNKNOWN", "unknown": "ACTION_UNKNOWN",
		"read.decision": "ACTION_UNKNOWN", "lib_test": "ACTION_UNKNOWN",
	} {
		in := release(granted())
		in.Query.Action = action
		if d := decide(t, engine(t), in); d.Allow || d.Reasons[0].Code != code {
			t.Errorf("action %q: %+v, want %s", action, d, code)
		}
	}
	for _, action := range consortium.Actions() {
		if !engine(t).has(action) {
			t.Errorf("%s has no rules", action)
		}
	}
}

// TestDigestCoversEveryModule: a change of one byte in any file shows.
func TestDigestCoversEveryModule(t *testing.T) {
	modules, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) != len(rules(t)) {
		t.Errorf("%d files are embedded, %d stand here", len(modules), len(rules(t)))
	}
	seen := map[string]bool{digest(modules): true}
	for i := range modules {
		changed := slices.Clone(modules)
		changed[i].text += " "
		seen[digest(changed)] = true
	}
	if len(seen) != len(modules)+1 {
		t.Errorf("%d digests of %d changes", len(seen), len(modules))
	}
}

func decide(t *testing.T, e *Engine, in consent.Input) consortium.Decision {
	t.Helper()
	d, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
