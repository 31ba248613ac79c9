package fhir

import (
	"math"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
)

func (f *Server) read(c *gin.Context) { f.show(c, 0) }

// noVersion is a number that no version has: what is no number is answered like a version that is not there.
const noVersion = math.MaxInt32

func (f *Server) vread(c *gin.Context) {
	number, err := strconv.Atoi(c.Param("version"))
	if err != nil || number < 1 || number > noVersion {
		number = noVersion
	}
	f.show(c, number)
}

func (f *Server) show(c *gin.Context, number int) {
	caller, ok := f.caller(c)
	if !ok || !f.known(c) {
		return
	}
	ref := exchange.RecordRef{Org: f.Org, Type: c.Param("type"), ID: c.Param("id")}
	v, err := f.Records.Read(c.Request.Context(), caller.Actor, caller.Purpose, ref, number)
	if err != nil {
		f.Failures.Outcome(c, f.Lookups.Missed(caller.Actor, err))
		return
	}
	c.Header("ETag", etag(v.Number))
	c.Header("Last-Modified", v.Recorded.UTC().Format(http.TimeFormat))
	if match := c.GetHeader("If-None-Match"); match != "" && match == etag(v.Number) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, mediaType, v.Content)
}
