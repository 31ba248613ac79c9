package matrix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Operation is a kind of tampering.
type Operation string

// The operations of the matrix.
const (
	Insert       Operation = "insert a row"
	Delete       Operation = "delete a row"
	Change       Operation = "change a column"
	Clear        Operation = "empty a column"
	Older        Operation = "put an older version back"
	Removed      Operation = "put a removed row back"
	SwapPatients Operation = "swap two patients' rows"
	SwapOrgs     Operation = "swap two organisations' rows"
	PatientBack  Operation = "take the patient's state back"
	OrgBack      Operation = "take the organisation's state back"
	OrgBackRows  Operation = "take the organisation's state back, but for its log"
	DumpBack     Operation = "restore an older dump"
	OtherMember  Operation = "write under another member's role"
)

// Cell is one way to tamper, at one moment.
type Cell struct {
	Table     string // by name, without its schema; empty for operations on many
	Operation Operation
	Column    string
	Restart   bool // looked at after a restart of the gateway, with nothing in its memory
}

// String names the cell in progress lines.
func (c Cell) String() string {
	s := string(c.Operation)
	if c.Table != "" {
		s = c.Table + ": " + s
	}
	if c.Column != "" {
		s += " (" + c.Column + ")"
	}
	if c.Restart {
		s += ", restarted"
	}
	return s
}

// cells makes the matrix from the schema. Tables of one name in several schemas are one: the rows to tamper with are
// found in whichever holds some.
func cells(all []Table) []Cell {
	var out []Cell
	seen := map[string]bool{}
	for _, t := range all {
		if seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		for _, op := range []Operation{Insert, Delete, Older, Removed, SwapPatients, SwapOrgs} {
			out = append(out, Cell{Table: t.Name, Operation: op})
		}
		for _, c := range t.Columns {
			out = append(out, Cell{Table: t.Name, Operation: Change, Column: c.Name})
			if c.Nullable {
				out = append(out, Cell{Table: t.Name, Operation: Clear, Column: c.Name})
			}
		}
		out = append(out, Cell{Table: t.Name, Operation: OtherMember})
	}
	for _, op := range []Operation{PatientBack, OrgBackRows, OrgBack, DumpBack} {
		out = append(out, Cell{Operation: op})
	}
	n := len(out)
	for _, c := range out[:n] {
		if c.Operation != OtherMember { // the server's refusal does not depend on the gateway
			c.Restart = true
			out = append(out, c)
		}
	}
	// What is hard to take back comes last.
	slices.SortStableFunc(out, func(a, b Cell) int { return weight(a) - weight(b) })
	return out
}

func weight(c Cell) int {
	if c.Table == "" {
		return 1
	}
	return 0
}

// errNothing says that the state holds nothing that the operation could be done to.
var errNothing = errors.New("nothing to do it to")

// world is what a cell is made from.
type world struct {
	tables  []Table
	orgs    []string // in the order in which they are looked at
	patient string   // whose rows are tampered with
	other   string   // another patient
	probed  []hint   // by which the rows are found that the probes depend on
	now     State
	moments []State // older, oldest first
}

// hint is the value that a column of a probed row has.
type hint struct{ column, value string }

// rows are a table's rows of one organisation.
func (w *world) rows(s State, name, org string) (Table, []Row) {
	for _, t := range w.tables {
		if t.Name != name {
			continue
		}
		var own []Row
		for _, r := range s[t.String()] {
			if t.owner(r) == org {
				own = append(own, r)
			}
		}
		if len(own) > 0 {
			return t, own
		}
	}
	return Table{}, nil
}

// home finds the first organisation that has rows in a table. A table of nobody's, such as the list of migrations, has
// all rows in one schema.
func (w *world) home(name string) (Table, []Row, string) {
	for _, org := range w.owners(name) {
		if t, rows := w.rows(w.now, name, org); len(rows) > 0 {
			return t, rows, org
		}
	}
	return Table{}, nil, ""
}

func (w *world) owners(name string) []string {
	out := slices.Clone(w.orgs)
	for _, t := range w.tables {
		if t.Name == name && !slices.Contains(out, t.Schema) {
			out = append(out, t.Schema)
		}
	}
	return out
}

// edits makes what a cell does: one or several alternatives, to be tried until the server accepts one.
func (w *world) edits(c Cell) ([][]Edit, error) {
	switch c.Operation {
	case PatientBack:
		return one(w.back(func(t Table, r Row) bool { return t.owner(r) == w.orgs[0] && w.of(t, r, w.patient) })), nil
	case OrgBack:
		return one(w.back(func(t Table, r Row) bool { return t.owner(r) == w.orgs[0] })), nil
	case OrgBackRows:
		return one(w.back(func(t Table, r Row) bool { return t.owner(r) == w.orgs[0] && !ofLog(t) })), nil
	case DumpBack:
		return one(w.back(func(t Table, _ Row) bool { return true })), nil
	}
	t, rows, org := w.home(c.Table)
	if c.Operation == Insert || c.Operation == OtherMember && len(rows) == 0 {
		return w.made(c.Table)
	}
	if c.Operation == Removed {
		return w.removed(c.Table)
	}
	if len(rows) == 0 {
		return nil, errNothing
	}
	rows = w.preferred(t, rows)
	switch c.Operation {
	case OtherMember:
		return trespass(t, rows[0]), nil
	case Delete:
		return one([]Edit{{Table: t, Before: rows[0]}}), nil
	case Older:
		return w.older(t, rows)
	case SwapPatients:
		return w.swapped(t, rows)
	case SwapOrgs:
		return w.swappedOrgs(c.Table, t, rows[0], org)
	case Clear:
		for _, r := range rows {
			if r[c.Column] != "null" {
				return one([]Edit{{Table: t, Before: r, After: r.with(c.Column, "null")}}), nil
			}
		}
		return nil, errNothing
	case Change:
		return w.changed(t, rows, c.Column)
	}
	return nil, fmt.Errorf("unknown operation %q", c.Operation)
}

// trespass is what another member would try: delete, make and change a row.
func trespass(t Table, r Row) [][]Edit {
	out := [][]Edit{{{Table: t, Before: r}}, {{Table: t, After: r}}}
	for _, c := range t.Columns {
		if values := madeUp(strings.ToLower(c.Type), r[c.Name]); len(values) > 0 {
			return append(out, []Edit{{Table: t, Before: r, After: r.with(c.Name, values[0])}})
		}
	}
	return out
}

func one(edits []Edit) [][]Edit {
	if len(edits) == 0 {
		return nil
	}
	return [][]Edit{edits}
}

// preferred puts first the rows that the probes look at, then those of the journey's patient, where the table says
// whose they are.
func (w *world) preferred(t Table, rows []Row) []Row {
	rank := func(r Row) int {
		switch {
		case slices.ContainsFunc(w.probed, func(h hint) bool { return r[h.column] == h.value }):
			return 0
		case w.of(t, r, w.patient):
			return 1
		}
		return 2
	}
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b Row) int { return rank(a) - rank(b) })
	return out
}

// of reports whether a row is about a patient: it says so itself, or it belongs to a record that says so.
func (w *world) of(t Table, r Row, patient string) bool {
	if t.has("patient") {
		return r["patient"] == patient
	}
	if !t.has("type") || !t.has("id") {
		return false
	}
	records, rows := w.rows(w.now, "records", t.owner(r))
	return records.has("patient") && slices.ContainsFunc(rows, func(record Row) bool {
		return record["type"] == r["type"] && record["id"] == r["id"] && record["patient"] == patient
	})
}

// ofLog tells the log's own tables, which the ledger would contradict at once.
func ofLog(t Table) bool { return strings.HasPrefix(t.Name, "log_") || t.Name == "leases" }

// made is a row as somebody who knows the schema would make it up: a copy of a present one, or of one that was there
// before, with another key.
func (w *world) made(name string) ([][]Edit, error) {
	t, rows, _ := w.home(name)
	for i := len(w.moments) - 1; i >= 0 && len(rows) == 0; i-- {
		earlier := *w
		earlier.now = w.moments[i]
		t, rows, _ = earlier.home(name)
	}
	if len(rows) == 0 {
		return nil, errNothing
	}
	rows = w.preferred(t, rows)
	if _, ok := byKey(t, w.now[t.String()])[t.key(rows[0])]; !ok {
		return one([]Edit{{Table: t, After: rows[0]}}), nil
	}
	out := w.renamed(t, rows)
	if len(out) == 0 { // the organisation is the whole key
		return nil, errNothing
	}
	for _, edits := range out {
		out = append(out, []Edit{{Table: t, After: elsewhere(t, edits[0].After)}})
	}
	return out, nil
}

// renamed copies a row under other keys.
func (w *world) renamed(t Table, rows []Row) [][]Edit {
	r := rows[0]
	there := byKey(t, w.now[t.String()])
	var out [][]Edit
	for _, column := range slices.Backward(t.Key) {
		if column == "org" || column == "custodian" {
			continue
		}
		for _, value := range w.values(t, column, r[column], rows) {
			if _, ok := there[t.key(r.with(column, value))]; !ok && value != "null" {
				out = append(out, []Edit{{Table: t, After: r.with(column, value)}})
			}
		}
	}
	return out
}

// elsewhere moves the numbers of a row that are no key, for tables in which they too must be nobody else's.
func elsewhere(t Table, r Row) Row {
	for _, c := range t.Columns {
		if strings.Contains(strings.ToLower(c.Type), "int") && !slices.Contains(t.Key, c.Name) {
			r = r.with(c.Name, plus(r[c.Name], 1000))
		}
	}
	return r
}

// older puts back what a row held at an earlier moment.
func (w *world) older(t Table, rows []Row) ([][]Edit, error) {
	for i := range w.moments {
		then := byKey(t, w.moments[i][t.String()])
		for _, r := range rows {
			if old, ok := then[t.key(r)]; ok && old.text() != r.text() {
				return one([]Edit{{Table: t, Before: r, After: old}}), nil
			}
		}
	}
	return nil, errNothing
}

// removed puts back a row that stood there earlier, such as a session that its owner ended.
func (w *world) removed(name string) ([][]Edit, error) {
	for _, t := range w.tables {
		if t.Name != name {
			continue
		}
		there := byKey(t, w.now[t.String()])
		for _, moment := range w.moments {
			for _, r := range w.preferred(t, moment[t.String()]) {
				if _, ok := there[t.key(r)]; !ok {
					return one([]Edit{{Table: t, After: r}}), nil
				}
			}
		}
	}
	return nil, errNothing
}

// swapped exchanges what two patients' rows hold; of a table that does not say whose its rows are, two rows.
func (w *world) swapped(t Table, rows []Row) ([][]Edit, error) {
	a := rows[0]
	for _, b := range w.now[t.String()] {
		strangers := !w.of(t, a, w.patient) || w.of(t, b, w.other)
		if t.owner(a) == t.owner(b) && t.key(a) != t.key(b) && strangers {
			if edits := exchange(t, t, a, b); len(edits) > 0 {
				return one(edits), nil
			}
		}
	}
	return nil, errNothing
}

func (w *world) swappedOrgs(name string, t Table, a Row, org string) ([][]Edit, error) {
	for _, other := range w.owners(name) {
		u, rows := w.rows(w.now, name, other)
		if other == org || len(rows) == 0 {
			continue
		}
		if edits := exchange(t, u, a, rows[0]); len(edits) > 0 {
			return one(edits), nil
		}
	}
	return nil, errNothing
}

// exchange swaps all that is not key or owner.
func exchange(t, u Table, a, b Row) []Edit {
	x, y := a, b
	for _, c := range t.Columns {
		if slices.Contains(t.Key, c.Name) || c.Name == "org" || c.Name == "custodian" {
			continue
		}
		x, y = x.with(c.Name, b[c.Name]), y.with(c.Name, a[c.Name])
	}
	if x.text() == a.text() && y.text() == b.text() {
		return nil
	}
	return []Edit{{Table: t, Before: a, After: x}, {Table: u, Before: b, After: y}}
}

// changed returns a column another value that somebody with a purpose would choose.
func (w *world) changed(t Table, rows []Row, column string) ([][]Edit, error) {
	r := rows[0]
	for _, candidate := range rows {
		if candidate[column] != "null" {
			r = candidate
			break
		}
	}
	there := byKey(t, w.now[t.String()])
	var out [][]Edit
	for _, value := range w.values(t, column, r[column], w.now[t.String()]) {
		after := r.with(column, value)
		if _, taken := there[t.key(after)]; !taken || t.key(after) == t.key(r) {
			out = append(out, []Edit{{Table: t, Before: r, After: after}})
		}
	}
	if len(out) == 0 {
		return nil, errNothing
	}
	return out, nil
}

// values are other values for a column: first such as other rows hold, since they look right.
func (w *world) values(t Table, column, present string, rows []Row) []string {
	var out []string
	for _, r := range rows {
		if v := r[column]; v != present && v != "null" && len(out) < 2 && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
	kind := ""
	if i >= 0 {
		kind = strings.ToLower(t.Columns[i].Type)
	}
	return append(out, madeUp(kind, present)...)
}

// madeUp are values of a type that nobody has used.
func madeUp(kind, present string) []string {
	switch {
	case kind == "boolean" && present == "true":
		return []string{"false"}
	case kind == "boolean":
		return []string{"true"}
	case strings.Contains(kind, "int"):
		return []string{plus(present, 1), plus(present, 1000)} // the next number may be another row's
	case kind == "uuid":
		return []string{`"7d9f2f0a-3c1b-4c55-9d0b-0f5d4f1f00a1"`}
	case strings.Contains(kind, "timestamp"):
		return []string{later(present)}
	case kind == "bytea" || kind == "bytes":
		return []string{flipped(present)}
	case kind == "array":
		return []string{`["made-up"]`}
	case kind == "text":
		return []string{`"granted"`, `"made-up"`}
	}
	return nil
}

func plus(present string, more int64) string {
	var n int64
	if _, err := fmt.Sscan(present, &n); err != nil {
		n = 0
	}
	return fmt.Sprint(n + more)
}

func later(present string) string {
	at, err := time.Parse(time.RFC3339Nano, strings.Trim(present, `"`))
	if err != nil {
		at = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	// As the database writes it in JSON, so that the taking back finds it.
	return `"` + at.AddDate(10, 0, 0).UTC().Format("2006-01-02T15:04:05.999999-07:00") + `"`
}

// flipped changes the last bit of "\\x…".
func flipped(present string) string {
	if len(present) < 6 {
		return `"\\x00"`
	}
	last := present[len(present)-2]
	changed := byte('0')
	if last == '0' {
		changed = '1'
	}
	return present[:len(present)-2] + string(changed) + `"`
}

// back makes all rows that match as they were at the middle moment.
func (w *world) back(match func(Table, Row) bool) []Edit {
	old := w.moments[len(w.moments)/2]
	var edits []Edit
	for _, t := range w.tables {
		then := byKey(t, old[t.String()])
		for _, r := range w.now[t.String()] {
			before, ok := then[t.key(r)]
			delete(then, t.key(r))
			switch {
			case !match(t, r):
			case !ok:
				edits = append(edits, Edit{Table: t, Before: r})
			case before.text() != r.text():
				edits = append(edits, Edit{Table: t, Before: r, After: before})
			}
		}
		for _, r := range then {
			if match(t, r) {
				edits = append(edits, Edit{Table: t, After: r})
			}
		}
	}
	return edits
}
