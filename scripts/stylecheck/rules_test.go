package stylecheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxLine       = 120 // runes; a tab counts one
	maxComplexity = 15  // cognitive, as gocognit counts
)

// longLines finds lines that a window beside another does not show whole. Sample data in a test may be as it is.
func longLines(f file) []finding {
	data := map[int]bool{}
	if f.tests {
		data = rawLines(f)
	}
	var hits []finding
	for i, line := range f.text {
		if n := utf8.RuneCountInString(line); n > maxLine && !data[i+1] {
			hits = append(hits, finding{f.path, fmt.Sprintf("%s:%d is %d long", f.path, i+1, n)})
		}
	}
	return hits
}

// rawLines tells which lines hold a piece of a raw string.
func rawLines(f file) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if ok && lit.Kind == token.STRING && lit.Value[0] == '`' {
			for i := f.line(lit.Pos()); i <= f.line(lit.End()); i++ {
				lines[i] = true
			}
		}
		return true
	})
	return lines
}

// complexities asks gocognit.
func complexities(t *testing.T) []finding {
	t.Helper()
	cmd := exec.Command(
		"go", "tool", "gocognit", "-over", fmt.Sprint(maxComplexity), "-ignore", "_test\\.go|^\\.yilian", ".",
	)
	cmd.Dir = root
	out, err := cmd.Output()
	if len(out) == 0 && err != nil {
		t.Fatalf("measure complexity: %v", err)
	}
	var hits []finding
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		path, _, _ := strings.Cut(line[strings.LastIndex(line, " ")+1:], ":")
		fields := strings.Fields(line)
		if len(fields) < 4 {
			t.Fatalf("measure complexity: unknown answer %q", line)
		}
		hits = append(hits, finding{path + ":" + fields[2], line})
	}
	return hits
}

var (
	logLevels = map[string]bool{"Debug": true, "Info": true, "Warn": true, "Error": true, "Log": true}
	logKey    = regexp.MustCompile(`^"[a-z][a-z0-9]*([_A-Z][a-zA-Z0-9]*)*"$`)
)

// logging finds lines of a log without a context, with a message made at run time, or with a key that is not constant.
func logging(f file) []finding {
	if f.tests {
		return nil
	}
	var hits []finding
	report := func(call *ast.CallExpr, what string) {
		hits = append(hits, finding{f.path, fmt.Sprintf("%s:%d: %s", f.path, f.line(call.Pos()), what)})
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		on, name, ok := method(call)
		if !ok || !isLogger(on) {
			return true
		}
		bare, withContext := strings.CutSuffix(name, "Context")
		switch {
		case !logLevels[bare]:
		case !withContext:
			report(call, name+" has no context: "+name+"Context")
		case len(call.Args) > 1:
			checkLine(call, report)
		}
		return true
	})
	return hits
}

// checkLine looks at message and keys of a call such as InfoContext(ctx, "message", "key", value).
func checkLine(call *ast.CallExpr, report func(*ast.CallExpr, string)) {
	if !isText(call.Args[1]) {
		report(call, "the message is not constant")
	}
	if call.Ellipsis.IsValid() {
		return // fields collected before
	}
	for i := 2; i < len(call.Args); i += 2 {
		if _, ok := call.Args[i].(*ast.CallExpr); ok {
			i-- // slog.String and the like carry their value
			continue
		}
		if lit, ok := call.Args[i].(*ast.BasicLit); !ok || !logKey.MatchString(lit.Value) {
			report(call, "a key is not a constant word in small letters")
			return
		}
	}
}

// method returns what a call such as s.logger.Info is made on, as it is written, and the method.
func method(call *ast.CallExpr) (on, name string, ok bool) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	switch x := selector.X.(type) {
	case *ast.Ident:
		return x.Name, selector.Sel.Name, true
	case *ast.SelectorExpr:
		return x.Sel.Name, selector.Sel.Name, true
	}
	return "", "", false
}

func isLogger(name string) bool {
	name = strings.ToLower(name)
	return name == "slog" || name == "log" || strings.HasSuffix(name, "logger")
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// printing finds what goes around the log: only programs speak to people on a terminal.
func printing(f file) []finding {
	if f.tests || f.tree.Name.Name == "main" || strings.HasPrefix(f.path, "scripts/") {
		return nil
	}
	var hits []finding
	ast.Inspect(f.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		on, name, ok := method(call)
		if ok && (on == "fmt" || on == "log") && strings.HasPrefix(name, "Print") {
			hits = append(hits, finding{f.path, fmt.Sprintf("%s:%d: %s.%s", f.path, f.line(call.Pos()), on, name)})
		}
		return true
	})
	return hits
}

// literalCodes finds errors whose code is a text in the middle of a function: a translation cannot be held to it.
func literalCodes(f file) []finding {
	if f.tests {
		return nil
	}
	place := map[string]int{"New": 1, "Wrap": 2}
	var hits []finding
	ast.Inspect(f.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		on, name, ok := method(call)
		i, known := place[name]
		if ok && known && on == "fault" && len(call.Args) > i && isText(call.Args[i]) {
			hits = append(hits, finding{f.dir(), fmt.Sprintf("%s:%d: the code is not a constant", f.path, f.line(call.Pos()))})
		}
		return true
	})
	return hits
}

// undocumented finds exported functions, types and methods of exported types without a comment.
func undocumented(f file) []finding {
	if f.tests {
		return nil
	}
	var hits []finding
	report := func(name *ast.Ident) {
		hits = append(hits, finding{f.path, fmt.Sprintf("%s:%d: %s has no comment", f.path, f.line(name.Pos()), name.Name)})
	}
	for _, decl := range f.tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && ast.IsExported(receiver(d)) {
				report(d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				s, ok := spec.(*ast.TypeSpec)
				if ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					report(s.Name)
				}
			}
		}
	}
	return hits
}

// receiver returns the name of a method's type, and the function's own name where it is no method.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	e := d.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if generic, ok := e.(*ast.IndexExpr); ok {
		e = generic.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

var givesWord = regexp.MustCompile(`^\S+ gives `)

// gives finds comments of functions that say "gives" where Go says "returns".
func gives(f file) []finding {
	var hits []finding
	for _, decl := range f.tree.Decls {
		d, ok := decl.(*ast.FuncDecl)
		if ok && d.Doc != nil && givesWord.MatchString(d.Doc.Text()) {
			hits = append(hits, finding{f.path, fmt.Sprintf("%s:%d: %s gives", f.path, f.line(d.Pos()), d.Name.Name)})
		}
	}
	return hits
}

// TestUnexportedFunctionsAreExplained wants a comment on at least half of them: where the name does not say it all.
func TestUnexportedFunctionsAreExplained(t *testing.T) {
	all, explained := 0, 0
	for _, f := range read(t) {
		if f.tests {
			continue
		}
		for _, decl := range f.tree.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || d.Name.IsExported() || d.Name.Name == "main" || d.Name.Name == "init" {
				continue
			}
			all++
			if d.Doc != nil {
				explained++
			}
		}
	}
	t.Logf("%d of %d unexported functions have a comment", explained, all)
	if 2*explained < all {
		t.Errorf("%d of %d unexported functions have a comment: less than half", explained, all)
	}
}
