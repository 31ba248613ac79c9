package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/gateway/internal/web/view"
)

// text is a translation; arguments are filled in as fmt does. A key without a text shows as itself: a test keeps that
// from happening.
func (p *Pages) text(lang Lang, key string, args ...any) string {
	t, ok := translations[key]
	if !ok {
		return key
	}
	words := t.zh
	if lang == English {
		words = t.en
	}
	if len(args) > 0 {
		return fmt.Sprintf(words, args...)
	}
	return words
}

func hasText(key string) bool {
	_, ok := translations[key]
	return ok
}

// functions are what templates may call, bound to one language.
func (p *Pages) functions(lang Lang) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, args ...any) string { return p.text(lang, key, args...) },
		"has":     hasText,
		"asset":   p.assetURL,
		"org":     func(id consortium.OrgID) string { return p.orgName(lang, id) },
		"orgURL":  func(id consortium.OrgID) string { return p.members[id].PublicURL },
		"kind":    func(k consortium.Kind) string { return p.text(lang, "kind."+string(k)) },
		"purpose": func(x consortium.Purpose) string { return p.text(lang, "purpose."+string(x)) },
		"role":    func(r consortium.Role) string { return p.text(lang, "role."+string(r)) },
		"typ":     func(name string) string { return p.typeName(lang, name) },
		"kinds":   func(ks []consortium.Kind) string { return p.kindList(lang, ks) },
		"when":    func(d view.Date) string { return formatDate(lang, d) },
		"clock":   func(t time.Time) string { return formatTime(lang, t) },
		"day":     func(t time.Time) string { return formatDay(lang, t) },
		"ymd":     func(t time.Time) string { return t.In(china).Format("2006-01-02") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"lasting": func(d time.Duration) string { return p.lasting(lang, d) },
		"reason":  func(r consortium.Reason) reason { return p.reason(lang, r) },
		"words":   func(s evidence.Step) string { return s.Words(string(lang)) },
		"short":   shorten,
		"num":     func(f float64) string { return fmt.Sprintf("%.1f", f) },
		"percent": percent,
		"sub":     func(a, b int) int { return a - b },
		"dict":    dict,
	}
}

// dict gathers what a part of a page needs: name, value, name, value …
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict needs names")
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

func (p *Pages) orgName(lang Lang, id consortium.OrgID) string {
	m, ok := p.members[id]
	switch {
	case !ok:
		return string(id)
	case lang == English:
		return m.NameEN
	}
	return m.NameZH
}

func (p *Pages) typeName(lang Lang, name string) string {
	if hasText("type." + name) {
		return p.text(lang, "type."+name)
	}
	return name
}

// kindList names kinds in the order in which people read them.
func (p *Pages) kindList(lang Lang, kinds []consortium.Kind) string {
	var names []string
	for _, known := range consortium.PatientKinds() {
		for _, k := range kinds {
			if k == known {
				names = append(names, p.text(lang, "kind."+string(k)))
			}
		}
	}
	if len(names) == len(consortium.PatientKinds()) {
		return p.text(lang, "kinds.all")
	}
	return strings.Join(names, p.text(lang, "list.separator"))
}

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
		"year": {
			"2006年",
			"2006",
		}, "month": {"2006年1月", "Jan 2006"}, "day": {"2006年1月2日", "2 Jan 2006"}, "time": {"2006年1月2日 15:04", "2 Jan 2006, 15:04"},
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
		return p.text(lang, "lasting.seconds", int(d.Seconds()))
	case d < time.Hour:
		return p.text(lang, "lasting.minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return p.text(lang, "lasting.hours", int(d.Hours()))
	}
	return p.text(lang, "lasting.days", int(d.Hours()/24))
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
