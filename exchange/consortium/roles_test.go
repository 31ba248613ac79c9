package consortium_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yilian.example/exchange/consortium"
)

// constants returns the constants of a type that a file of this package declares, by name.
func constants(t *testing.T, file, typ string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typ {
			out[spec.Names[0].Name] = strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s declares no %s", file, typ)
	}
	return out
}

func TestEveryDeclaredWordIsListed(t *testing.T) {
	for name, value := range constants(t, "roles.go", "Role") {
		if !consortium.Role(value).Valid() {
			t.Errorf("%s has no line in the table of roles", name)
		}
	}
	for name, value := range constants(t, "decision.go", "Action") {
		if !consortium.Action(value).Valid() {
			t.Errorf("%s is not listed among the actions", name)
		}
	}
	for name, value := range constants(t, "consortium.go", "Purpose") {
		if !consortium.Purpose(value).Valid() {
			t.Errorf("%s is not listed among the purposes", name)
		}
	}
}

func TestTableOfRolesUsesKnownWordsOnce(t *testing.T) {
	seen := map[consortium.Role]bool{}
	for _, g := range consortium.Grants() {
		if seen[g.Role] {
			t.Errorf("%s has two lines", g.Role)
		}
		seen[g.Role] = true
		for _, p := range g.Purposes {
			if !p.Valid() || p == consortium.Marketing {
				t.Errorf("%s serves %s", g.Role, p)
			}
		}
		for _, a := range g.Actions {
			if !a.Valid() {
				t.Errorf("%s may %s, which is no action", g.Role, a)
			}
		}
	}
}

func TestWhatRolesMay(t *testing.T) {
	if !consortium.RoleClinician.May(consortium.ActionRead) || consortium.RoleClinician.May(consortium.ActionStore) {
		t.Error("a clinician reads and does not store")
	}
	if !consortium.RoleAssessor.Serves(consortium.Payment) || consortium.RoleAssessor.Serves(consortium.Treatment) {
		t.Error("an assessor serves payment and does not treat")
	}
	for _, a := range consortium.Actions() {
		if consortium.RoleAuditor.May(a) || consortium.Role("admin").May(a) {
			t.Errorf("an auditor or an unknown role may %s", a)
		}
	}
}

// TestGrantsIsACopy keeps a caller from widening what a role may do.
func TestGrantsIsACopy(t *testing.T) {
	all := consortium.Grants()
	i := slices.IndexFunc(all, func(g consortium.Grant) bool { return g.Role == consortium.RoleSystem })
	all[i].Actions[0], all[i].Purposes[0] = consortium.ActionRelease, consortium.Marketing
	if consortium.RoleSystem.May(consortium.ActionRelease) || consortium.RoleSystem.Serves(consortium.Marketing) {
		t.Error("a change of what Grants returned changed the table")
	}
}

// TestNothingElseListsRoles: a second list of roles in a domain would have to be found and kept up for each new role.
func TestNothingElseListsRoles(t *testing.T) {
	names := constants(t, "roles.go", "Role")
	files := 0
	for _, root := range []string{"../../exchange", "../../consent", "../../gateway/internal/auth"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") ||
				filepath.Base(path) == "roles.go" {
				return err
			}
			files++
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok && rolesIn(lit, names) > 2 {
					t.Errorf("%s lists roles: use consortium.Roles or consortium.Grants", path)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 {
		t.Errorf("looked at %d files only", files)
	}
}

// rolesIn counts the different roles that a literal names.
func rolesIn(lit *ast.CompositeLit, names map[string]string) int {
	found := map[string]bool{}
	ast.Inspect(lit, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && names[id.Name] != "" {
			found[id.Name] = true
		}
		return true
	})
	return len(found)
}
