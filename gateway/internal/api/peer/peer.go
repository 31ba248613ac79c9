// Package peer serves other members' gateways, on the listener that mutual TLS guards. It decides nothing.
package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/problem"
)

// maxSignedRequest bounds a signed request: a page of JSON.
const maxSignedRequest = 64 << 10

// Answerer answers a member's signed request with a signed reply.
type Answerer interface {
	Answer(ctx context.Context, peer consortium.OrgID, message []byte) ([]byte, error)
}

// Listener serves other members' gateways on the mutual-TLS listener. It must never be put on the listener for people.
type Listener struct {
	Releases Answerer
	// PeerOrg names the member whose gateway certificate the connection shows.
	PeerOrg func(*tls.ConnectionState) (consortium.OrgID, error)
	// Requests bounds how much each member asks; nil: not at all.
	Requests *limit.Limiter
	// Fail answers with a problem document.
	Fail func(*gin.Context, error)
}

// Register adds the exchange endpoints.
func (e Listener) Register(r gin.IRouter) {
	r.POST(config.ReleasePath, e.release)
}

func (e Listener) release(c *gin.Context) {
	peer, err := e.PeerOrg(c.Request.TLS)
	if err != nil {
		e.Fail(
			c,
			fault.Wrap(
				err, fault.Unauthorized, CodeUnknown, "Connect with the gateway certificate of a member organisation.",
			),
		)
		return
	}
	if e.Requests != nil {
		if err := e.Requests.Use(string(peer)); err != nil {
			e.Fail(c, err)
			return
		}
	}
	if mt, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || mt != config.ReleaseMediaType {
		e.Fail(c, fault.New(fault.Unsupported, problem.CodeMediaType, "Send the signed request as application/jose."))
		return
	}
	message, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxSignedRequest))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			err = fault.Wrap(err, fault.TooLarge, problem.CodeTooLarge, "A signed request is at most 64 KiB.")
		} else {
			err = fault.Wrap(err, fault.Malformed, problem.CodeCut, "The request ended before it was complete.")
		}
		e.Fail(c, err)
		return
	}
	reply, err := e.Releases.Answer(c.Request.Context(), peer, message)
	if err != nil {
		e.Fail(c, err)
		return
	}
	c.Data(http.StatusOK, config.ReleaseMediaType, reply)
}
