package auditor

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/gateway/internal/web/site"
)

type auditPage struct {
	site.Base
	Logs     []LogState
	Trouble  int // logs with a problem
	Database databaseState
	At       time.Time
}

// auditLogs shows every member's log: as long as it says it is, and as far as the ledger has witnessed it.
func (p *pages) auditLogs(c *gin.Context) error {
	logs, err := p.MemberLogs.Logs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("read logs: %w", err)
	}
	page := auditPage{
		Base: p.Base(c, "audit.title", ""), Logs: logs, At: p.Now(), Database: p.stateOf(p.Database.Status()),
	}
	for _, l := range logs {
		if l.Problem != "" {
			page.Trouble++
		}
	}
	return p.Render(c, http.StatusOK, "audit", page)
}
