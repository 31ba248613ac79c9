package site

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// SendEvidence sends a file to be kept. Type and id passed a lookup, so they have FHIR's narrow alphabet and cannot end
// the quoted name.
func SendEvidence(c *gin.Context, typ, id string, file []byte) {
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="yilian-%s-%s.evidence.json"`, typ, id))
	c.Data(http.StatusOK, "application/json", file)
}
