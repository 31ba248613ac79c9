package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

type auditPage struct {
	Base
	Logs    []LogState
	Trouble int // logs with a problem
	At      time.Time
}

// auditLogs shows every member's log: as long as it says it is, and as far as the ledger has witnessed it.
func (p *Pages) auditLogs(c *gin.Context) error {
	logs, err := p.Audit.Logs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("read logs: %w", err)
	}
	page := auditPage{Base: p.base(c, "audit.title", ""), Logs: logs, At: p.Now()}
	for _, l := range logs {
		if l.Problem != "" {
			page.Trouble++
		}
	}
	return p.render(c, http.StatusOK, "audit", page)
}
