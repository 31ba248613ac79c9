package site

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/fault"
)

//go:embed static
var staticFiles embed.FS

// asset is a static file. Its address carries its hash, so that browsers may keep it for good.
type asset struct {
	content []byte
	packed  []byte // the same, packed
	media   string
	hash    string
}

func loadAssets() (map[string]asset, error) {
	files, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	out := map[string]asset{}
	for _, f := range files {
		content, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		sum := sha256.Sum256(content)
		packed, err := pack(content, gzip.BestCompression)
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		media := mime.TypeByExtension(path.Ext(f.Name()))
		out[f.Name()] = asset{content, packed, media, hex.EncodeToString(sum[:8])}
	}
	return out, nil
}

func (s *Site) assetURL(name string) (string, error) {
	a, ok := s.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return "/static/" + name + "?v=" + a.hash, nil
}

func (s *Site) serveAsset(c *gin.Context) {
	a, ok := s.assets[c.Param("name")]
	if !ok {
		s.headers(c)
		s.Fail(c, fault.New(fault.NotFound, CodeNotFound, "There is no such page."))
		return
	}
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-cache")
	if c.Query("v") == a.hash {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Header("Vary", "Accept-Encoding")
	if len(a.packed) < len(a.content) && acceptsGzip(c.GetHeader("Accept-Encoding")) {
		sendPacked(c, http.StatusOK, a.media, a.packed)
		return
	}
	c.Data(http.StatusOK, a.media, a.content)
}
