package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Attestation serves to everybody what the members' peers sign about this organisation's log, so that whoever audits
// the log can tell that it is the member's and that nothing was cut off its end. What it serves is not to be believed
// but verified, with the members' roots.
type Attestation struct {
	// Read returns it, not older than some seconds; fault.Unavailable while too few members answer.
	Read func(ctx context.Context) ([]byte, error)
	Fail func(*gin.Context, error)
}

// Register adds /log/attestation. It needs no authentication.
func (a Attestation) Register(r gin.IRouter) {
	r.GET("/log/attestation", a.serve)
}

func (a Attestation) serve(c *gin.Context) {
	data, err := a.Read(c.Request.Context())
	if err != nil {
		a.Fail(c, err)
		return
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, "application/json", data)
}
