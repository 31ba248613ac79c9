package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/auth"
)

//go:embed templates
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Base is what every page has.
type Base struct {
	Lang      Lang
	LangLinks []link
	Title     string
	Org       string // name of the organisation whose portal this is
	Nav       []link
	User      *user
	Notice    string // what was just done; announced to screen readers
	Next      string // where to come back to after signing in
	RequestID string
}

type link struct {
	Href, Text string
	Current    bool
	Lang       Lang // of the text, where it is not the page's
}

type user struct{ Name, Role string }

// base makes the common part. formPage is the page to link to for the other language where this one answers a POST.
func (p *Pages) base(c *gin.Context, titleKey, formPage string) Base {
	lang := langOf(c)
	b := Base{Lang: lang, Title: p.text(lang, titleKey), Org: p.orgName(lang, p.Org), RequestID: p.RequestID(c)}
	names := map[Lang]string{Chinese: "中文", English: "English"}
	for _, l := range languages {
		b.LangLinks = append(b.LangLinks, link{Href: langLink(c, l, formPage), Text: names[l], Current: l == lang, Lang: l})
	}
	if c.Request.Method == http.MethodGet {
		b.Next = auth.SafeNext(c.Request.URL.Path)
	}
	a, known := auth.ActorFrom(c.Request.Context())
	if !known {
		return b
	}
	b.User = &user{Name: a.Name, Role: p.text(lang, "role."+string(a.Role))}
	for _, n := range navigation[a.Role] {
		here := c.Request.URL.Path == n || (strings.HasPrefix(c.Request.URL.Path, n+"/") && n != "/audit")
		b.Nav = append(b.Nav, link{Href: n, Text: p.text(lang, "nav."+n), Current: here})
	}
	return b
}

var navigation = map[consortium.Role][]string{
	consortium.RolePatient:   {"/me/records", "/me/access", "/me/consents"},
	consortium.RoleClinician: {"/patients"},
	consortium.RoleAssessor:  {"/patients"},
	consortium.RoleAuditor:   {"/audit", "/audit/evidence"},
}

type pageSet map[string]*template.Template

// parsePages reads layout and parts into each page's template, with the functions of one language.
func (p *Pages) parsePages(lang Lang) (pageSet, error) {
	shared, err := template.New("layout.html").
		Funcs(p.functions(lang)).
		ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("read shared templates: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/*/page.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	set := pageSet{}
	for _, file := range files {
		t, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy shared templates: %w", err)
		}
		name := path.Base(path.Dir(file))
		if set[name], err = t.ParseFS(templateFiles, file); err != nil {
			return nil, fmt.Errorf("read page %s: %w", name, err)
		}
	}
	return set, nil
}

// render writes a page. It is made in memory first, so that a fault in it becomes an error page and not half a page.
func (p *Pages) render(c *gin.Context, status int, page string, data any) error {
	t, ok := p.pages[langOf(c)][page]
	if !ok {
		return fmt.Errorf("render: there is no page %q", page)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "layout.html", data); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
	return nil
}

// asset is a static file. Its address carries its hash, so that browsers may keep it for good.
type asset struct {
	content []byte
	media   string
	hash    string
}

func loadAssets() (map[string]asset, error) {
	files, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	out := map[string]asset{}
	for _, f := range files {
		content, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		sum := sha256.Sum256(content)
		out[f.Name()] = asset{content, mime.TypeByExtension(path.Ext(f.Name())), hex.EncodeToString(sum[:8])}
	}
	return out, nil
}

func (p *Pages) assetURL(name string) (string, error) {
	a, ok := p.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return "/static/" + name + "?v=" + a.hash, nil
}

func (p *Pages) serveAsset(c *gin.Context) {
	a, ok := p.assets[c.Param("name")]
	if !ok {
		p.headers(c)
		p.Fail(c, fault.New(fault.NotFound, "NOT_FOUND", "There is no such page."))
		return
	}
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-cache")
	if c.Query("v") == a.hash {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Data(http.StatusOK, a.media, a.content)
}
