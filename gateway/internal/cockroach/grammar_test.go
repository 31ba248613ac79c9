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

// TestStatementsParseAsCockroachDB parses every statement in the package's code with CockroachDB's own grammar.
func TestStatementsParseAsCockroachDB(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	consts := stringConstants(parsed)
	found := 0
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			expr, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, whole, isString := fold(expr, consts)
			if !isString || !sqlVerb.MatchString(text) {
				return true
			}
			found++
			where := fset.Position(expr.Pos()).String()
			if !whole {
				t.Errorf("%s: SQL is put together at run time; write it as one literal", where)
				return false
			}
			checkSQL(t, where, text)
			return false
		})
	}
	if found < 30 {
		t.Errorf("found %d statements; the search for them is broken", found)
	}
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
		"SELECT * FROM records", "SELECT r.* FROM records AS r", "LISTEN entries", "SELECT pg_advisory_lock(1)", "SELECT FROM WHERE",
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

// stringConstants gives the package's constants that are plain strings.
func stringConstants(files []*ast.File) map[string]string {
	out := map[string]string{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, name := range spec.Names {
				if i < len(spec.Values) {
					if text, whole, ok := fold(spec.Values[i], out); ok && whole {
						out[name.Name] = text
					}
				}
			}
			return true
		})
	}
	return out
}

// fold gives the text of a string expression; whole is false when a part is known only at run time.
func fold(e ast.Expr, consts map[string]string) (text string, whole, isString bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false, false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil, err == nil
	case *ast.ParenExpr:
		return fold(e.X, consts)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false, false
		}
		left, wholeLeft, ok := fold(e.X, consts)
		if !ok {
			left, wholeLeft = constant(e.X, consts)
		}
		right, wholeRight, okRight := fold(e.Y, consts)
		if !okRight {
			right, wholeRight = constant(e.Y, consts)
		}
		return left + right, wholeLeft && wholeRight, ok || okRight
	}
	return "", false, false
}

func constant(e ast.Expr, consts map[string]string) (string, bool) {
	id, ok := e.(*ast.Ident)
	if !ok {
		return "", false
	}
	text, ok := consts[id.Name]
	return text, ok
}
