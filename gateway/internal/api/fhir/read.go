package fhir

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
)

func (f *Server) read(c *gin.Context) { f.show(c, 0) }

func (f *Server) vread(c *gin.Context) {
	number, err := strconv.Atoi(c.Param("version"))
	if err != nil || number < 1 {
		f.Failures.Outcome(c, fault.New(fault.NotFound, "NOT_FOUND", "There is no such version."))
		return
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
		f.Failures.Outcome(c, err)
		return
	}
	c.Header("ETag", etag(v.Number))
	c.Header("Last-Modified", v.Recorded.UTC().Format(http.TimeFormat))
	c.Header("Cache-Control", "no-store")
	if match := c.GetHeader("If-None-Match"); match != "" && match == etag(v.Number) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, mediaType, v.Content)
}
