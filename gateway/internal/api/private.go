package api

import "github.com/gin-gonic/gin"

// Private keeps answers out of caches and from being taken for another type of content than they say. It comes before
// all routes; the public log and fixed files set a cache's time of their own.
func Private(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	c.Next()
}
