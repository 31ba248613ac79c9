// Package peer serves other members' gateways, on the listener that mutual TLS guards. It decides nothing.
package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

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
	// Locate answers a question about what is held.
	Locate(ctx context.Context, peer consortium.OrgID, message []byte) ([]byte, error)
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
	r.POST(config.ReleasePath, e.signed(e.Releases.Answer))
	r.POST(config.LocatePath, e.signed(e.Releases.Locate))
}

// signed serves one kind of signed message.
func (e Listener) signed(answer func(context.Context, consortium.OrgID, []byte) ([]byte, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		peer, message, err := e.read(c)
		if err != nil {
			e.Fail(c, err)
			return
		}
		reply, err := answer(c.Request.Context(), peer, message)
		if err != nil {
			e.Fail(c, err)
			return
		}
		c.Header("Content-Length", strconv.Itoa(len(reply))) // who asked makes room for it before it is read
		c.Data(http.StatusOK, config.ReleaseMediaType, reply)
	}
}

// read knows the member and reads the message.
func (e Listener) read(c *gin.Context) (consortium.OrgID, []byte, error) {
	peer, err := e.PeerOrg(c.Request.TLS)
	if err != nil {
		return "", nil, fault.Wrap(
			err, fault.Unauthorized, CodeUnknown, "Connect with the gateway certificate of a member organisation.",
		)
	}
	if e.Requests != nil {
		if err := e.Requests.Use(string(peer)); err != nil {
			return "", nil, err
		}
	}
	if mt, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || mt != config.ReleaseMediaType {
		return "", nil, fault.New(fault.Unsupported, problem.CodeMediaType, "Send the signed request as application/jose.")
	}
	message, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxSignedRequest))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return "", nil, fault.Wrap(err, fault.TooLarge, problem.CodeTooLarge, "A signed request is at most 64 KiB.")
	}
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Malformed, problem.CodeCut, "The request ended before it was complete.")
	}
	return peer, message, nil
}
