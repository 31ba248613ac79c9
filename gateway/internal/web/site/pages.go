package site

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/view"
)

//go:embed templates
var templates embed.FS

// Pages is one audience's pages: its templates and texts, on top of the shared ones.
type Pages struct {
	*Site
	texts Texts
	sets  map[Lang]pageSet
}

type pageSet map[string]*template.Template

// Open reads an audience's pages: a template templates/<page>/page.html for each, and texts, which must not hide shared
// ones. A page that cannot be rendered at all shows here, at the start, and not to a patient.
func (s *Site) Open(files fs.FS, texts Texts) (*Pages, error) {
	all, twice := merge(shared, texts)
	if len(twice) > 0 {
		return nil, fmt.Errorf("open pages: %q would hide a shared text", twice[0])
	}
	p := &Pages{Site: s, texts: all, sets: map[Lang]pageSet{}}
	for _, lang := range languages {
		set, err := p.parse(files, lang)
		if err != nil {
			return nil, fmt.Errorf("open pages: %w", err)
		}
		p.sets[lang] = set
	}
	return p, nil
}

// parse reads layout and components into each page's template, with the functions of one language.
func (p *Pages) parse(files fs.FS, lang Lang) (pageSet, error) {
	base, err := template.New("layout.html").Funcs(p.functions(lang)).ParseFS(templates, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("read layout: %w", err)
	}
	if base, err = base.ParseFS(view.Components, "components/*.html"); err != nil {
		return nil, fmt.Errorf("read components: %w", err)
	}
	names, err := fs.Glob(files, "templates/*/page.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	set := pageSet{}
	for _, file := range names {
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy shared templates: %w", err)
		}
		name := path.Base(path.Dir(file))
		if set[name], err = t.ParseFS(files, file); err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
	}
	return set, nil
}

// Base is what every page has.
type Base struct {
	Lang      Lang
	LangLinks []Link
	Title     string
	Org       string // name of the organisation whose portal this is
	Nav       []Link
	User      *user
	Notice    string // what was just done; announced to screen readers
	Next      string // where to come back to after signing in
	RequestID string
	PrintName string    // on paper: whom the page is about
	Printed   time.Time // on paper: when it was made
}

// Link is a link with its words.
type Link struct {
	Href, Text string
	Current    bool
	Lang       Lang // of the text, where it is not the page's
}

type user struct{ Name, Role string }

// Base makes the common part. formPage is the page to link to for the other language where this one answers a POST.
func (p *Pages) Base(c *gin.Context, titleKey, formPage string) Base {
	lang := LangOf(c)
	b := Base{
		Lang: lang, Title: p.Text(lang, titleKey), Org: p.OrgName(lang, p.Org), RequestID: p.RequestID(c), Printed: p.Now(),
	}
	names := map[Lang]string{Chinese: "中文", English: "English"}
	for _, l := range languages {
		b.LangLinks = append(b.LangLinks, Link{Href: langLink(c, l, formPage), Text: names[l], Current: l == lang, Lang: l})
	}
	if c.Request.Method == http.MethodGet {
		b.Next = auth.SafeNext(c.Request.URL.Path)
	}
	a, known := auth.ActorFrom(c.Request.Context())
	if !known {
		return b
	}
	b.User = &user{Name: a.Name, Role: p.Text(lang, "role."+string(a.Role))}
	b.Nav = p.nav(c, lang, a.Role)
	if a.Role == consortium.RolePatient {
		b.PrintName = a.Name
	}
	return b
}

// Render writes a page. It is made in memory first, so that a fault in it becomes an error page and not half a page.
func (p *Pages) Render(c *gin.Context, status int, page string, data any) error {
	t, ok := p.sets[LangOf(c)][page]
	if !ok {
		return fmt.Errorf("render: there is no page %q", page)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "layout.html", data); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	send(c, status, "text/html; charset=utf-8", out.Bytes())
	return nil
}
