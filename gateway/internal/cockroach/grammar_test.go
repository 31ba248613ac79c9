package cockroach_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	sqlparser "github.com/cockroachdb/cockroachdb-parser/pkg/sql/parser"

	"yilian.example/gateway/internal/cockroach"
)

// sqlVerb is how a string literal that is SQL begins. Keywords are in capitals, which tells SQL from an error's "create
// migration lock: %w".
var sqlVerb = regexp.MustCompile(
	`^\s*(--.*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|TRUNCATE|UPSERT|LOCK|SET|COMMENT|LISTEN|NOTIFY|DO)\s`,
)

// forbidden is what one of the two servers has not, or only pretends to have, or what we do not want.
var forbidden = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`(?i)(SELECT|RETURNING)\s+([a-z_]+\.)?\*|,\s*[a-z_]+\.\*`), "name the columns"},
	{regexp.MustCompile(`(?i)^\s*(LISTEN|NOTIFY|UNLISTEN)\b|pg_notify`), "CockroachDB has no notifications"},
	{regexp.MustCompile(`(?i)advisory`), "CockroachDB only pretends to have advisory locks"},
	{
		regexp.MustCompile(`(?i)\bnextval\b|\bSERIAL[248]?\b|\bBIGSERIAL\b|CREATE\s+SEQUENCE|AS\s+IDENTITY`),
		"sequences as keys make one hot range",
	},
	{
		regexp.MustCompile(`(?i)CREATE\s+(OR\s+REPLACE\s+)?(TRIGGER|EXTENSION|FUNCTION|PROCEDURE|RULE)\b`),
		"logic stands in Go",
	},
	{
		regexp.MustCompile(
			`(?i)\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\bCURRENT_(TIMESTAMP|TIME|DATE)\b|\bLOCALTIME`,
		),
		"time is injected (leases aside: their holders need one clock, the database's)",
	},
	{regexp.MustCompile(`(?i)\b(ctid|xmin|xmax|tableoid)\b`), "row versions of one server"},
	{regexp.MustCompile(`(?i)LOCK\s+TABLE`), "CockroachDB has no table locks"},
}

// TestStatementsParseAsCockroachDB parses every registered statement with CockroachDB's own grammar.
func TestStatementsParseAsCockroachDB(t *testing.T) {
	all := cockroach.Statements()
	if len(all) < 60 {
		t.Errorf("%d statements are registered; some are missing", len(all))
	}
	for name, text := range all {
		checkSQL(t, name, text)
	}
}

// TestOnlyRegisteredStatementsAreRun reads the package's code: what is not registered is seen by no other test.
func TestOnlyRegisteredStatementsAreRun(t *testing.T) {
	for name, f := range parsePackage(t) {
		for _, problem := range strays(name, f) {
			t.Error(problem)
		}
	}
}

// TestStrayStatementsAreSeen keeps that check itself honest.
func TestStrayStatementsAreSeen(t *testing.T) {
	for _, body := range []string{
		"db.pool.Exec(ctx, `VACUUM`)", "tx.Query(ctx, name)", "b.Queue(text, 1)", "tx.QueryRow(ctx, read+more.text)",
		"_ = `SELECT 1`", "_ = statement{}", `_ = sql("x", "y")`, "db.pool.CopyFrom(ctx, nil)",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() { "+body+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(strays("x.go", f)) == 0 {
			t.Errorf("%s: passes", body)
		}
	}
}

func parsePackage(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f
	}
	return out
}

// strays lists SQL that is run, or written down, past the registry.
func strays(name string, f *ast.File) []string {
	var out []string
	add := func(what string) { out = append(out, name+": "+what) }
	for _, d := range f.Decls {
		function, inFunction := d.(*ast.FuncDecl)
		if inFunction && passesOn(function) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && sqlVerb.MatchString(text) {
					add("SQL outside sql(): " + text)
				}
			case *ast.CompositeLit:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "statement" && name != "statements.go" {
					add("a statement made past sql()")
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "sql" {
					if inFunction {
						add("sql() within a function: it is for package variables")
					}
					return false
				}
				if what := strayCall(n); what != "" {
					add(what)
				}
			}
			return true
		})
	}
	return out
}

// passesOn says that a method runs what it was given under its own name, as limited's do: whoever calls it is looked
// at.
func passesOn(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Body.List) != 1 {
		return false
	}
	answer, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(answer.Results) != 1 {
		return false
	}
	call, ok := answer.Results[0].(*ast.CallExpr)
	if !ok || len(call.Args) < 2 || len(f.Type.Params.List) < 2 {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	given, named := call.Args[1].(*ast.Ident)
	return ok && named && method.Sel.Name == f.Name.Name && given.Name == f.Type.Params.List[1].Names[0].Name
}

// strayCall says what is wrong with a call that runs a statement: it must be given a registered one's text.
func strayCall(call *ast.CallExpr) string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	at := 1
	switch method.Sel.Name {
	case "Exec", "Query", "QueryRow":
	case "Queue":
		at = 0
	case "CopyFrom", "Prepare", "ExecContext", "QueryContext", "QueryRowContext":
		return method.Sel.Name + ": runs a statement past the registry"
	default:
		return ""
	}
	if len(call.Args) <= at {
		return "" // of a queued statement: what to do with its answer
	}
	text, ok := call.Args[at].(*ast.SelectorExpr)
	if !ok || text.Sel.Name != "text" {
		return method.Sel.Name + ": its statement is not a registered one's text"
	}
	return ""
}

// TestMigrationsParseAsCockroachDB parses both directions of every migration, and wants comments on what a new table
// holds.
func TestMigrationsParseAsCockroachDB(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("find migrations: %v", err)
	}
	table := regexp.MustCompile(`(?i)CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		up, down, ok := strings.Cut(string(data), "-- +goose Down")
		if !ok || !strings.Contains(up, "-- +goose Up") {
			t.Errorf("%s: needs both directions", name)
		}
		checkSQL(t, name, up)
		checkSQL(t, name, down)
		for _, m := range table.FindAllStringSubmatch(up, -1) {
			if !strings.Contains(up, "COMMENT ON TABLE "+m[1]) {
				t.Errorf("%s: say what table %s holds with COMMENT ON TABLE", name, m[1])
			}
		}
	}
}

// TestGrammarTestCanFail keeps the check itself honest.
func TestGrammarTestCanFail(t *testing.T) {
	for _, bad := range []string{
		"SELECT * FROM records", "SELECT r.* FROM records AS r", "LISTEN entries", "SELECT pg_advisory_lock(1)",
		"SELECT FROM WHERE",
		"CREATE TABLE t (id BIGSERIAL PRIMARY KEY)", "INSERT INTO t (at) VALUES (now())", "DELETE FROM t RETURNING *",
	} {
		if problems(bad) == nil {
			t.Errorf("%s: passes", bad)
		}
	}
	if p := problems("SELECT count(*) FROM t"); p != nil {
		t.Errorf("count(*): %v", p)
	}
}

func checkSQL(t *testing.T, where, text string) {
	t.Helper()
	for _, p := range problems(text) {
		t.Errorf("%s: %s", where, p)
	}
}

func problems(text string) []string {
	var out []string
	if _, err := sqlparser.Parse(text); err != nil {
		out = append(out, "CockroachDB cannot parse it: "+err.Error())
	}
	for _, f := range forbidden {
		if strings.HasPrefix(f.why, "time") && regexp.MustCompile(`\bleases\b`).MatchString(text) {
			continue
		}
		if m := f.pattern.FindString(text); m != "" {
			out = append(out, strconv.Quote(m)+": "+f.why)
		}
	}
	return out
}
