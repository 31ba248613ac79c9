package idp

import (
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"

	"yilian.example/network/topology"
)

//go:embed login.html
var loginHTML string

//go:embed login.css
var loginCSS []byte

var loginTemplate = template.Must(template.New("login").Parse(loginHTML))

// loginPage lists the people of an organisation; pressing a name signs that person in. It needs no script.
type loginPage struct {
	storage  *storage
	topology *topology.Topology
	callback func(ctx context.Context, id string) string
	logger   *slog.Logger
}

type loginGroup struct {
	RoleZH, RoleEN string
	People         []Person
}

func (p *loginPage) show(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	org, people, err := p.storage.choices(id)
	if err != nil {
		p.fail(w)
		return
	}
	member, _ := p.topology.Member(org)
	var groups []loginGroup
	for _, role := range []loginGroup{
		{"患者", "Patients", nil}, {"医务人员", "Clinicians", nil}, {"审计", "Auditors", nil}, {"理赔评估", "Assessors", nil},
	} {
		for _, person := range people {
			if roleTitles[person.Role] == role.RoleEN {
				role.People = append(role.People, person)
			}
		}
		if len(role.People) > 0 {
			groups = append(groups, role)
		}
	}
	headers(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err = loginTemplate.Execute(w, map[string]any{"Request": id, "Member": member, "Groups": groups})
	if err != nil {
		p.logger.ErrorContext(r.Context(), "render login page", "error", err)
	}
}

var roleTitles = map[string]string{
	"patient":   "Patients",
	"clinician": "Clinicians",
	"auditor":   "Auditors",
	"assessor":  "Assessors",
}

func (p *loginPage) choose(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id := r.PostFormValue("request")
	err := p.storage.choose(id, r.PostFormValue("person"))
	if err != nil {
		p.fail(w)
		return
	}
	headers(w)
	http.Redirect(w, r, p.callback(r.Context(), id), http.StatusSeeOther)
}

func (p *loginPage) style(w http.ResponseWriter, r *http.Request) {
	headers(w)
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, err := w.Write(loginCSS)
	if err != nil {
		p.logger.DebugContext(r.Context(), "send style", "error", err)
	}
}

func (p *loginPage) fail(w http.ResponseWriter) {
	headers(w)
	http.Error(
		w, "登录已失效，请回到原页面重新开始。\nThis sign-in is no longer valid. Please go back and start again.", http.StatusBadRequest,
	)
}

// headers keep the page from being framed, cached or scripted. The form may lead on to any gateway on this machine.
func headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set(
		"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'; base-uri "+
			"'none'",
	)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}
