package site

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// smallest is below what size packing gains nothing: it fits into one packet either way.
const smallest = 1024

// send writes a whole answer, packed where the browser takes that.
//
// An answer that holds a secret beside words of whoever made the browser ask can be guessed from its packed length by
// someone on the line (BREACH). Pages hold no token, and of an address they repeat nothing but numbers (langLink); what
// a form sends comes from our own pages only, since requests of other sites are refused before. So there is nothing to
// compare a guess with, and pages are packed. Whoever adds a page that repeats what an address says breaks this:
// TestPagesRepeatNothingOfAnAddress. What is downloaded, and what programs are answered, is sent as it is.
func send(c *gin.Context, status int, media string, content []byte) {
	if len(content) < smallest || !acceptsGzip(c.GetHeader("Accept-Encoding")) {
		c.Data(status, media, content)
		return
	}
	packed, err := pack(content, gzip.DefaultCompression)
	if err != nil {
		c.Data(status, media, content)
		return
	}
	sendPacked(c, status, media, packed)
}

// sendPacked writes what is packed already.
func sendPacked(c *gin.Context, status int, media string, packed []byte) {
	c.Header("Content-Encoding", "gzip")
	c.Data(status, media, packed)
}

func pack(content []byte, level int) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return out.Bytes(), nil
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3): gzip has to be named and not be given the weight 0.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, given := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !given || (err == nil && q > 0)
	}
	return false
}
