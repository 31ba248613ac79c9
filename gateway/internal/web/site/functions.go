package site

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/gateway/internal/web/view"
)

// functions are what templates may call, bound to one language.
func (p *Pages) functions(lang Lang) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, args ...any) string { return p.Text(lang, key, args...) },
		"has":     p.HasText,
		"asset":   p.assetURL,
		"org":     func(id consortium.OrgID) string { return p.OrgName(lang, id) },
		"stated":  func(id string) string { return p.OrgName(lang, consortium.OrgID(id)) },
		"orgURL":  func(id consortium.OrgID) string { return p.members[id].PublicURL },
		"kind":    func(k consortium.Kind) string { return p.Text(lang, "kind."+string(k)) },
		"purpose": func(x consortium.Purpose) string { return p.Text(lang, "purpose."+string(x)) },
		"role":    func(r consortium.Role) string { return p.Text(lang, "role."+string(r)) },
		"typ":     func(name string) string { return p.typeName(lang, name) },
		"kinds":   func(ks []consortium.Kind) string { return p.kindList(lang, ks) },
		"when":    func(d view.Date) string { return formatDate(lang, d) },
		"clock":   func(t time.Time) string { return formatTime(lang, t) },
		"day":     func(t time.Time) string { return formatDay(lang, t) },
		"ymd":     func(t time.Time) string { return t.In(china).Format("2006-01-02") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"lasting": func(d time.Duration) string { return p.lasting(lang, d) },
		"reason":  func(r consortium.Reason) reason { return p.reason(lang, r) },
		"named":   func(title string, term view.Term) naming { return name(lang, title, term) },
		"hm":      func(d view.Date) string { return timeOfDay(d) },
		"age":     func(born, died view.Date) string { return p.age(lang, born, died) },
		"count":   func(n int) string { return formatCount(lang, n) },
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

// OrgName returns a member's name.
func (s *Site) OrgName(lang Lang, id consortium.OrgID) string {
	m, ok := s.members[id]
	switch {
	case !ok:
		return string(id)
	case lang == English:
		return m.NameEN
	}
	return m.NameZH
}

func (p *Pages) typeName(lang Lang, name string) string {
	if p.HasText("type." + name) {
		return p.Text(lang, "type."+name)
	}
	return name
}

// kindList names kinds in the order in which people read them.
func (p *Pages) kindList(lang Lang, kinds []consortium.Kind) string {
	var names []string
	for _, known := range consortium.PatientKinds() {
		for _, k := range kinds {
			if k == known {
				names = append(names, p.Text(lang, "kind."+string(k)))
			}
		}
	}
	if len(names) == len(consortium.PatientKinds()) {
		return p.Text(lang, "kinds.all")
	}
	return strings.Join(names, p.Text(lang, "list.separator"))
}
