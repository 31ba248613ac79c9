package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"yilian.example/gateway/internal/weigh"
)

// How long a stopping server waits for requests that are under way.
const drain = 10 * time.Second

// serve listens until ctx is over, and then lets requests finish. With a TLS configuration it serves TLS.
func serve(
	ctx context.Context, address string, handler http.Handler, conf *tls.Config, readTimeout time.Duration,
) error {
	srv := &http.Server{
		Handler: handler, TLSConfig: conf, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTimeout,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if conf != nil {
		listener = tls.NewListener(listener, conf)
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		stopped <- srv.Shutdown(ctx)
	}()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", address, err)
	}
	return <-stopped
}

// recovery answers a panic with 500 and logs where it happened, not what the request held.
func recovery(logger *slog.Logger) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) {
		logger.ErrorContext(
			c.Request.Context(), "request ended in a panic", "route", c.FullPath(), "request", requestid.Get(c),
		)
		c.AbortWithStatus(http.StatusInternalServerError)
	})
}

// plainRequestID drops what a caller calls their request unless it is a plain lower-case UUID: it goes into logs and
// answers.
func plainRequestID(c *gin.Context) {
	const header = "X-Request-Id"
	given := c.GetHeader(header)
	if id, err := uuid.Parse(given); given != "" && (err != nil || id.String() != given) {
		c.Request.Header.Del(header)
	}
	c.Next()
}

// weighed holds what a request reads on the scales until it is answered.
func weighed(c *gin.Context) {
	ctx, done := weigh.Request(c.Request.Context())
	defer done()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// bounded ends the reading of a body beyond a size, whoever reads it.
func bounded(size int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, size)
		c.Next()
	}
}
