package matrix

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func notes() Table {
	return Table{
		Schema: "donghu", Name: "notes", Key: []string{"id"},
		Columns: []Column{
			{Name: "id", Type: "text"}, {Name: "patient", Type: "text"}, {Name: "words", Type: "bytea", Nullable: true},
		},
	}
}

func note(id, patient, words string) Row {
	return Row{"id": `"` + id + `"`, "patient": `"` + patient + `"`, "words": words}
}

func small() *world {
	t := notes()
	older := note("1", "a", `"\\x00"`)
	rows := []Row{note("1", "a", `"\\x01"`), note("2", "b", `"\\x02"`)}
	return &world{
		tables: []Table{t}, orgs: []string{"donghu", "qingshan"}, patient: `"a"`, other: `"b"`,
		now: State{t.String(): rows}, moments: []State{{t.String(): {older}}},
	}
}

// A table that nobody thought of is tampered with in every way, and each of its columns is.
func TestMatrixComesFromTheSchema(t *testing.T) {
	all := cells([]Table{notes()})
	for _, want := range []Cell{
		{Table: "notes", Operation: Insert},
		{Table: "notes", Operation: Delete, Restart: true},
		{Table: "notes", Operation: Change, Column: "id"},
		{Table: "notes", Operation: Change, Column: "words", Restart: true},
		{Table: "notes", Operation: Clear, Column: "words"},
		{Table: "notes", Operation: SwapOrgs},
		{Table: "notes", Operation: OtherMember},
		{Operation: DumpBack, Restart: true},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no cell %q", want)
		}
	}
	if slices.Contains(all, Cell{Table: "notes", Operation: Clear, Column: "id"}) {
		t.Error("a column that cannot be empty is to be emptied")
	}
}

func TestEditsAreWhatTheCellSays(t *testing.T) {
	w := small()
	for _, c := range []struct {
		cell Cell
		want []Edit
	}{
		{Cell{Table: "notes", Operation: Delete}, []Edit{{Before: note("1", "a", `"\\x01"`)}}},
		{
			Cell{Table: "notes", Operation: Older},
			[]Edit{{Before: note("1", "a", `"\\x01"`), After: note("1", "a", `"\\x00"`)}},
		},
		{Cell{Table: "notes", Operation: SwapPatients}, []Edit{
			{Before: note("1", "a", `"\\x01"`), After: note("1", "b", `"\\x02"`)},
			{Before: note("2", "b", `"\\x02"`), After: note("2", "a", `"\\x01"`)},
		}},
		{Cell{Operation: PatientBack}, []Edit{{Before: note("1", "a", `"\\x01"`), After: note("1", "a", `"\\x00"`)}}},
	} {
		got, err := w.edits(c.cell)
		if err != nil || len(got) == 0 {
			t.Errorf("%s: %v", c.cell, err)
			continue
		}
		same := slices.EqualFunc(got[0], c.want, func(a, b Edit) bool {
			return a.Before.text() == b.Before.text() && a.After.text() == b.After.text()
		})
		if !same {
			t.Errorf("%s: %+v", c.cell, got[0])
		}
	}
	tried, err := w.edits(Cell{Table: "notes", Operation: OtherMember})
	if err != nil || len(tried) != 3 {
		t.Errorf("another member tries %d things, %v: not deleting, making and changing", len(tried), err)
	}
	if _, err := w.edits(Cell{Table: "notes", Operation: SwapOrgs}); !errors.Is(err, errNothing) {
		t.Errorf("rows were swapped with an organisation that has none: %v", err)
	}
}

// What the gateway wrote to a row meanwhile stays when the tampering is taken back: else the taking back would tamper.
func TestUndoLeavesWhatTheGatewayWrote(t *testing.T) {
	e := Edit{Table: notes(), Before: note("1", "a", `"\\x01"`), After: note("1", "b", `"\\x01"`)}
	now := byKey(e.Table, []Row{note("1", "b", `"\\x77"`)})
	if got := back(e, now); got.After.text() != note("1", "a", `"\\x77"`).text() {
		t.Errorf("goes back to %v", got.After)
	}
	gone := Edit{Table: notes(), Before: note("1", "a", `"\\x01"`)}
	if got := back(gone, map[string]Row{}); got.Before != nil || got.After.text() != gone.Before.text() {
		t.Errorf("a deleted row comes back as %+v", got)
	}
	moved := Edit{Table: notes(), Before: note("1", "a", "null"), After: note("4", "a", "null")}
	now = byKey(notes(), []Row{note("1", "a", `"\\x09"`), note("4", "a", "null")})
	if got := back(moved, now); got.After != nil || got.Before.text() != moved.After.text() {
		t.Errorf("a row that was made anew under its key is not left alone: %+v", got)
	}
	made := Edit{Table: notes(), After: note("3", "a", "null")}
	if got := back(made, map[string]Row{}); got.After != nil || got.Before.text() != made.After.text() {
		t.Errorf("a made-up row goes by %+v", got)
	}
}

// What the gateways wrote between looking and tampering stays: else the taking back would tamper.
func TestTamperingIsDoneToTheRowAsItIs(t *testing.T) {
	now := byKey(notes(), []Row{note("1", "a", `"\\x77"`)})
	changed := Edit{Table: notes(), Before: note("1", "a", `"\\x01"`), After: note("1", "b", `"\\x01"`)}.onto(now)
	if changed.After.text() != note("1", "b", `"\\x77"`).text() {
		t.Errorf("becomes %v", changed.After)
	}
	deleted := Edit{Table: notes(), Before: note("1", "a", `"\\x01"`)}.onto(now)
	if deleted.Before.text() != note("1", "a", `"\\x77"`).text() || deleted.After != nil {
		t.Errorf("deletes %v", deleted.Before)
	}
}

func TestComparing(t *testing.T) {
	before := map[string]seen{"a": {content: "1"}, "b": {content: "1"}, "c": {refused: "403 X"}, "d": {refused: "403 X"}}
	after := map[string]seen{"a": {content: "2"}, "b": {refused: "500 Y"}, "c": {content: "1"}, "d": {refused: "403 X"}}
	refused, changed := compare(before, after)
	slices.Sort(changed)
	if !slices.Equal(refused, []string{"b: 500 Y"}) || !slices.Equal(changed, []string{"a", "c"}) {
		t.Errorf("refused %v, changed %v: what was refused before and is answered now counts as shown", refused, changed)
	}
}

func TestSampleIsTheSameForTheSameSeed(t *testing.T) {
	o := Options{Sample: 5, Seed: 7}
	if a, b := o.choose(cells([]Table{notes()})), o.choose(cells([]Table{notes()})); len(a) != 5 || !slices.Equal(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}

// A gateway that came up on an altered database is up: to wait for more would take as long as one that never starts.
func TestGatewayThatFoundTamperingHasStarted(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   bool
	}{
		{200, `{"ready":true}`, true},
		{503, `{"checks":{"database":"ok","integrity":"failing: DATABASE_ALARM"}}`, true},
		{503, `{"checks":{"database":"ok","integrity":"failing: LOG_REFUSED"}}`, true},
		{503, `{"checks":{"database":"ok","integrity":"failing: AUDIT_RUNNING"}}`, false},
		{503, `{"checks":{"database":"failing","integrity":"failing: DATABASE_ALARM"}}`, false},
		{502, `not JSON`, false},
	} {
		if got := started(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s: started %v", c.status, c.body, got)
		}
	}
}

// A reason is worth what its test is worth: the test must exist.
func TestReasonsNameTestsThatExist(t *testing.T) {
	for _, r := range reasons {
		dir, name, ok := strings.Cut(r.test, " ")
		if !ok || r.why == "" {
			t.Errorf("%s %s: wants a reason, and a test as \"directory TestName\"", r.table, r.operation)
			continue
		}
		files, err := filepath.Glob(filepath.Join("..", "..", "..", dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(path string) bool {
			text, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(text), "func "+name+"(")
		}) {
			t.Errorf("%s %s: there is no %s in %s", r.table, r.operation, name, dir)
		}
	}
}
