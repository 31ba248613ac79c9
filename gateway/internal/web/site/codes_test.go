package site_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yilian.example/gateway/internal/web/site"
)

const root = "../../../.."

// TestEveryErrorCodeHasWords finds every code in the program's source, and wants words for it in both languages: what
// happened, under error.<code>. What to do next is error.<code>.next, or what its kind has.
func TestEveryErrorCodeHasWords(t *testing.T) {
	codes := errorCodes(t)
	if len(codes) < 80 {
		t.Fatalf("found only %d codes: has the way to make an error changed?", len(codes))
	}
	for _, known := range []string{"SIGN_IN", "INTERNAL", "NO_PATIENT", "REFUSED", "CONSENT_UNKNOWN"} {
		if codes[known] == "" {
			t.Errorf("the search does not find %s any more", known)
		}
	}
	texts := site.Shared()
	for code, where := range codes {
		if _, ok := texts["error."+code]; !ok {
			t.Errorf("%s (%s) has no words", code, where)
		}
	}
}

// errorCodes returns each code with a place where it stands.
func errorCodes(t *testing.T) map[string]string {
	t.Helper()
	packages := map[string][]*ast.File{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || strings.HasSuffix(name, "test")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, files := range packages {
		f := finder{fset: fset, found: codes, makers: map[string]int{}, consts: map[string]string{}}
		f.search(files)
	}
	return codes
}

// finder collects the codes of one package.
type finder struct {
	fset   *token.FileSet
	found  map[string]string
	consts map[string]string // constants that are texts
	makers map[string]int    // the package's functions that take a code and make an error of it: which argument it is
}

var code = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

func (f *finder) search(files []*ast.File) {
	for _, file := range files {
		inPackage := file.Name.Name
		for _, d := range file.Decls {
			f.constants(d, inPackage)
		}
	}
	// Twice, since a function may be called in a file that comes before its own.
	for range 2 {
		for _, file := range files {
			for _, d := range file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					f.function(fn, file.Name.Name)
				}
			}
		}
	}
}

// constants takes those that are declared as codes, and remembers all texts.
func (f *finder) constants(d ast.Decl, inPackage string) {
	decl, ok := d.(*ast.GenDecl)
	if !ok || decl.Tok != token.CONST {
		return
	}
	for _, spec := range decl.Specs {
		value := spec.(*ast.ValueSpec)
		for i, v := range value.Values {
			text, ok := literal(v)
			if !ok {
				continue
			}
			f.consts[value.Names[i].Name] = text
			if isCode(value.Type, inPackage) {
				f.add(v, text)
			}
		}
	}
}

// isCode reports whether a type is that of error codes, ours or the ledger's, which become ours.
func isCode(typ ast.Expr, inPackage string) bool {
	switch typ := typ.(type) {
	case *ast.Ident:
		return typ.Name == "Code" && (inPackage == "fault" || inPackage == "ledger")
	case *ast.SelectorExpr:
		x, ok := typ.X.(*ast.Ident)
		return ok && (x.Name == "fault" || x.Name == "ledger") && typ.Sel.Name == "Code"
	}
	return false
}

func (f *finder) function(fn *ast.FuncDecl, inPackage string) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f.call(n, fn, inPackage)
		case *ast.KeyValueExpr: // fault's own &Error{Code: "INTERNAL"}
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" && inPackage == "fault" {
				f.code(n.Value, fn)
			}
		}
		return true
	})
}

func (f *finder) call(call *ast.CallExpr, fn *ast.FuncDecl, inPackage string) {
	argument := -1
	switch callee := call.Fun.(type) {
	case *ast.SelectorExpr:
		x, ok := callee.X.(*ast.Ident)
		if !ok || x.Name != "fault" {
			return
		}
		argument = map[string]int{"New": 1, "Wrap": 2, "Code": 0}[callee.Sel.Name]
		if argument == 0 && callee.Sel.Name != "Code" {
			return
		}
	case *ast.Ident:
		at, ok := f.makers[callee.Name]
		if !ok {
			return
		}
		argument = at
	default:
		return
	}
	if argument < len(call.Args) {
		f.code(call.Args[argument], fn)
	}
}

// code takes an expression in a code's place: a text, a constant, a variable that texts are given to, or a parameter,
// which makes the function one whose callers give the code.
func (f *finder) code(e ast.Expr, fn *ast.FuncDecl) {
	if text, ok := literal(e); ok {
		f.add(e, text)
		return
	}
	name, ok := e.(*ast.Ident)
	if !ok {
		return
	}
	if text, ok := f.consts[name.Name]; ok {
		f.add(e, text)
		return
	}
	if at := parameter(fn, name.Name); at >= 0 {
		f.makers[fn.Name.Name] = at
		return
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != len(assign.Rhs) {
			return true
		}
		for i, left := range assign.Lhs {
			if id, ok := left.(*ast.Ident); ok && id.Name == name.Name {
				if text, ok := literal(assign.Rhs[i]); ok {
					f.add(e, text)
				}
			}
		}
		return true
	})
}

func (f *finder) add(at ast.Expr, text string) {
	if code.MatchString(text) {
		f.found[text] = cmp.Or(f.found[text], strings.TrimPrefix(f.fset.Position(at.Pos()).String(), root+"/"))
	}
}

// parameter returns which of a function's parameters has the name; -1: none.
func parameter(fn *ast.FuncDecl, name string) int {
	at := 0
	for _, field := range fn.Type.Params.List {
		for _, n := range field.Names {
			if n.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// TestReasonsHaveWords reads the policy's own catalogue: a reason that is added there needs words here.
func TestReasonsHaveWords(t *testing.T) {
	var found []string
	entry := regexp.MustCompile(`(?m)^\s*"([A-Z][A-Z_]{5,})": \[\d+,|"code": "([A-Z_]+)"`)
	err := filepath.WalkDir(root+"/consent/policy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".rego") || strings.HasSuffix(path, "_test.rego") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range entry.FindAllStringSubmatch(string(source), -1) {
			found = append(found, m[1]+m[2])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("found only %d codes in the catalogue: its shape has changed", len(found))
	}
	texts := site.Shared()
	for _, reason := range slices.Compact(slices.Sorted(slices.Values(found))) {
		if _, ok := texts["reason."+reason]; !ok {
			t.Errorf("the policy's reason %s has no words", reason)
		}
	}
}
