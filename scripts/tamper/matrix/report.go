package matrix

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run found.
type Report struct {
	Results []Result
	Empty   []string // tables without a row, of which nothing was learned
}

// Failed tells what is wrong: nothing when every tampering was noticed and nothing altered was shown as true.
func (r *Report) Failed() []string {
	var out []string
	for _, t := range r.Empty {
		out = append(out, t+": not filled by the journey")
	}
	for _, result := range r.Results {
		if result.Bad() {
			out = append(out, fmt.Sprintf("%s: %s %s", result.Cell, result.How, result.Detail))
		}
	}
	return out
}

// line is one table and operation, with how often it ended how.
type line struct {
	name    string
	counts  map[string]int
	slowest time.Duration
}

func (r *Report) lines() []*line {
	var out []*line
	for _, result := range r.Results {
		table := result.Cell.Table
		if table == "" {
			table = "(many)"
		}
		name := table + "\t" + string(result.Cell.Operation)
		i := slices.IndexFunc(out, func(l *line) bool { return l.name == name })
		if i < 0 {
			out = append(out, &line{name: name, counts: map[string]int{}})
			i = len(out) - 1
		}
		out[i].counts[result.How]++
		if !result.Bad() {
			out[i].slowest = max(out[i].slowest, result.After)
		}
	}
	slices.SortStableFunc(out, func(a, b *line) int { return strings.Compare(a.name, b.name) })
	return out
}

func hows() []string {
	return []string{ByServer, OnReading, ByAlarm, ByOutsider, Harmless, Nothing, Unnoticed, ShownTrue}
}

// Print writes one line for each table and operation, and the sums.
func (r *Report) Print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "table\toperation\t"+strings.Join(hows(), "\t")+"\tslowest")
	sums := map[string]int{}
	for _, l := range r.lines() {
		fmt.Fprintln(w, l.name+"\t"+strings.Join(l.cells(sums), "\t"))
	}
	_ = w.Flush() // standard output
	parts := make([]string, 0, len(hows()))
	for _, how := range hows() {
		parts = append(parts, fmt.Sprintf("%d %s", sums[how], how))
	}
	fmt.Fprintf(out, "\n%d cells: %s\n", len(r.Results), strings.Join(parts, ", "))
}

// cells are a line's counts, added to sums where it is not nil.
func (l *line) cells(sums map[string]int) []string {
	var out []string
	for _, how := range hows() {
		n := l.counts[how]
		if sums != nil {
			sums[how] += n
		}
		if n == 0 {
			out = append(out, "")
			continue
		}
		out = append(out, fmt.Sprint(n))
	}
	return append(out, fmt.Sprintf("%.1f s", l.slowest.Seconds()))
}

// Markdown writes everything, cell by cell.
func (r *Report) Markdown(out io.Writer) {
	fmt.Fprintln(out, "# What was done to the database, and who noticed")
	fmt.Fprintln(out, "\n| table | operation | "+strings.Join(hows(), " | ")+" | slowest |")
	fmt.Fprintln(out, strings.Repeat("|---", len(hows())+3)+"|")
	for _, l := range r.lines() {
		name := strings.ReplaceAll(l.name, "\t", " | ")
		fmt.Fprintln(out, "| "+name+" | "+strings.Join(l.cells(nil), " | ")+" |")
	}
	fmt.Fprintln(out, "\n| table | operation | column | restarted | row of | noticed | after |")
	fmt.Fprintln(out, strings.Repeat("|---", 7)+"|")
	for _, result := range r.Results {
		c := result.Cell
		fmt.Fprintf(
			out, "| %s | %s | %s | %v | %s | %s: %s | %.1f s |\n", c.Table, c.Operation, c.Column, c.Restart, result.Org,
			result.How, strings.ReplaceAll(result.Detail, "|", "/"), result.After.Seconds(),
		)
	}
}
