package site

import (
	"fmt"
	"time"

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
