package auditor

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/status"
	"yilian.example/gateway/internal/web/site"
)

type evidencePage struct {
	site.Base
	Report  *evidence.Report
	File    string // what the uploaded file is called
	Stated  bool   // the file says which record it is about, and its log entry commits to that
	Problem string
}

func (p *pages) evidenceForm(c *gin.Context) error {
	return p.Render(c, http.StatusOK, "evidence", evidencePage{Base: p.Base(c, "evidence.title", "")})
}

// checkEvidence checks an uploaded file and tells each step. The file is kept nowhere.
func (p *pages) checkEvidence(c *gin.Context) error {
	page := evidencePage{Base: p.Base(c, "evidence.title", "")}
	file, name, err := readUpload(c)
	if err != nil {
		page.Problem = p.ErrorText(page.Lang, fault.Of(err))
		return p.Render(c, status.OfKind(fault.KindOf(err)), "evidence", page)
	}
	report, err := p.Verify(file)
	if fault.Is(err, fault.Invalid) {
		page.Problem = p.Text(page.Lang, "evidence.unreadable")
		return p.Render(c, http.StatusUnprocessableEntity, "evidence", page)
	}
	if err != nil {
		return fmt.Errorf("verify evidence: %w", err)
	}
	page.Report, page.File, page.Stated = &report, name, report.Statement.ID != ""
	return p.Render(c, http.StatusOK, "evidence", page)
}

// readUpload returns the uploaded file and its name.
func readUpload(c *gin.Context) ([]byte, string, error) {
	// and some room for the form around it
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, evidence.MaxSize+64<<10)
	tooLarge := func(err error) error {
		return fault.Wrap(err, fault.TooLarge, CodeEvidenceTooLarge, "The file is larger than 32 MB: it is no evidence file.")
	}
	missing := func(err error) error {
		return fault.Wrap(err, fault.Invalid, CodeEvidenceMissing, "Please choose an evidence file first.")
	}
	header, err := c.FormFile("file")
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, "", tooLarge(err)
	case err != nil:
		return nil, "", missing(err)
	case header.Size > evidence.MaxSize:
		return nil, "", tooLarge(nil)
	case header.Size == 0:
		return nil, "", missing(nil)
	}
	f, err := header.Open()
	if err != nil {
		return nil, "", fmt.Errorf("open upload: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, "", fmt.Errorf("read upload: %w", err)
	}
	return content, filepath.Base(header.Filename), nil
}
