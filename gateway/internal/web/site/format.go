package site

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"yilian.example/gateway/internal/web/view"
)

// china is the time that the pages speak.
var china = time.FixedZone("UTC+8", 8*60*60)

func formatTime(lang Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if lang == English {
		return t.In(china).Format("2 Jan 2006, 15:04")
	}
	return t.In(china).Format("2006年1月2日 15:04")
}

func formatDay(lang Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if lang == English {
		return t.In(china).Format("2 Jan 2006")
	}
	return t.In(china).Format("2006年1月2日")
}

// formatDate writes a record's date as exactly as the record does.
func formatDate(lang Lang, d view.Date) string {
	layouts := map[string][2]string{
		"year":  {"2006年", "2006"},
		"month": {"2006年1月", "Jan 2006"},
		"day":   {"2006年1月2日", "2 Jan 2006"},
		"time":  {"2006年1月2日 15:04", "2 Jan 2006, 15:04"},
	}
	layout, ok := layouts[d.Exact]
	if !ok {
		return d.Raw
	}
	if lang == English {
		return d.Time.Format(layout[1])
	}
	return d.Time.Format(layout[0])
}

// lasting says a length of time roughly, in its largest unit.
func (p *Pages) lasting(lang Lang, d time.Duration) string {
	switch {
	case d < 0:
		return p.lasting(lang, 0)
	case d < time.Minute:
		return p.Text(lang, "lasting.seconds", int(d.Seconds()))
	case d < time.Hour:
		return p.Text(lang, "lasting.minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return p.Text(lang, "lasting.hours", int(d.Hours()))
	}
	return p.Text(lang, "lasting.days", int(d.Hours()/24))
}

// shorten keeps the beginning of a long technical value; the whole stands in the element's title.
func shorten(s string) string {
	if len(s) <= 16 {
		return s
	}
	return s[:16] + "…"
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f", min(100, max(0, float64(part)/float64(whole)*100)))
}

// formatCount writes a number as people of the language do: 2985, 2,985.
func formatCount(lang Lang, n int) string {
	digits := strconv.Itoa(n)
	if lang != English {
		return digits
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// timeOfDay is the hour and minute of a date that is so exact; else nothing.
func timeOfDay(d view.Date) string {
	if d.Exact != "time" {
		return ""
	}
	return d.Time.Format("15:04")
}

// age is how old a person is today; of a small child in months, since doses depend on it. Nothing where the date of
// birth is not known, or the person has died.
func (p *Pages) age(lang Lang, born, died view.Date) string {
	now := p.Now().In(china)
	if born.Time.IsZero() || died.Raw != "" || born.Time.After(now) {
		return ""
	}
	months := (now.Year()-born.Time.Year())*12 + int(now.Month()) - int(born.Time.Month())
	if now.Day() < born.Time.Day() {
		months--
	}
	if months < 36 && born.Exact != "year" {
		return p.Text(lang, "person.months", months)
	}
	return p.Text(lang, "person.years", months/12)
}

// naming is what stands for a code: words in the reader's language, what the record itself says where that is in the
// other one, and the codes as written.
type naming struct{ Text, Also, Codes string }

// name words a code: as the record does; where it only has a code, or words that the reader may not read, as the
// dictionary does, with the record's own words beside.
func name(lang Lang, title string, term view.Term) naming {
	n := naming{Text: title, Codes: term.Codes}
	switch {
	case lang == English && term.English != "" && (!term.Own || strings.ContainsFunc(title, isHan)):
		n.Text = term.English
		if term.Own {
			n.Also = title
		}
	case lang == Chinese && term.Chinese != "" && !term.Own:
		n.Text = term.Chinese
	}
	return n
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
