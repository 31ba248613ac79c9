package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"yilian.example/exchange/fault"
)

// Check is one thing that this gateway stands on. All must have worked once before it takes traffic. Afterwards only an
// Essential one stops it: records are kept and read while, for example, the ledger is down.
type Check struct {
	Name      string
	Essential bool
	Advisory  bool // tells operators something, and stops nothing, not even at the start
	Run       func(ctx context.Context) error
}

// readyTimeout bounds one answer of /readyz, whatever hangs behind it.
const readyTimeout = 3 * time.Second

// Ops serves what operators and supervisors ask: is it alive, is it ready, what does it count. Nothing here names a
// patient, a record or an error's text.
type Ops struct {
	Checks   []Check
	Registry *prometheus.Registry

	worked []atomic.Bool // by check
}

// Register adds /healthz and /readyz, which tell everybody names and whether they are well.
func (o *Ops) Register(r gin.IRouter) {
	o.worked = make([]atomic.Bool, len(o.Checks))
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", o.ready)
}

// Counts serves /metrics, for a listener of its own: how busy a hospital is, and with what, is not for everybody.
func (o *Ops) Counts() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	return mux
}

// ready runs all checks at once and names those that fail.
func (o *Ops) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	errs := make([]error, len(o.Checks))
	var wg sync.WaitGroup
	for i, check := range o.Checks {
		wg.Go(func() {
			if errs[i] = check.Run(ctx); errs[i] == nil {
				o.worked[i].Store(true)
			}
		})
	}
	wg.Wait()
	status, parts := http.StatusOK, gin.H{}
	for i, check := range o.Checks {
		parts[check.Name] = "ok"
		if errs[i] == nil {
			continue
		}
		parts[check.Name] = failure(errs[i])
		if check.Essential || !check.Advisory && !o.worked[i].Load() {
			status = http.StatusServiceUnavailable
		}
	}
	c.JSON(status, gin.H{"ready": status == http.StatusOK, "checks": parts})
}

// failure says that a check fails, and the code where the error has one. A code names no one and quotes nothing.
func failure(err error) string {
	var classified *fault.Error
	if errors.As(err, &classified) {
		return "failing: " + string(classified.Code)
	}
	return "failing"
}

// Metrics counts requests by route pattern, never by path: paths hold record ids.
func Metrics(reg prometheus.Registerer) gin.HandlerFunc {
	requests := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "yilian_http_requests_total", Help: "Requests answered."},
		[]string{"method", "route", "status"},
	)
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "yilian_http_request_seconds",
		Help:    "Time to answer, in seconds.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
	}, []string{"method", "route"})
	reg.MustRegister(requests, seconds)
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		requests.WithLabelValues(c.Request.Method, route, strconv.Itoa(c.Writer.Status())).Inc()
		seconds.WithLabelValues(c.Request.Method, route).Observe(time.Since(start).Seconds())
	}
}
