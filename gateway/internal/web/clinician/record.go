package clinician

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type recordPage struct {
	site.Base
	Patient consortium.PatientRef
	Purpose consortium.Purpose // what the record was opened for
	Record  view.Record
}

// record shows one of our own records by itself: one that is too large for the list.
func (p *pages) record(c *gin.Context) error {
	patient := consortium.PatientRef(c.Param("patient"))
	a := site.Actor(c)
	purpose := site.PurposeOf(a.Role)
	ref := exchange.RecordRef{Org: p.Org, Type: c.Param("type"), ID: c.Param("record")}
	v, err := p.Records.Read(c.Request.Context(), a, purpose, ref, 0)
	if fault.Is(err, fault.Forbidden) || err == nil && v.Patient != patient {
		// As if there were none: nobody learns from an answer whose records are here.
		err = fault.New(fault.NotFound, codeNotFound, "There is no such record.")
	}
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	return p.Render(c, http.StatusOK, "record", recordPage{
		Base:    p.Base(c, "record.title", "/patients/"+string(patient)),
		Patient: patient, Purpose: purpose, Record: view.Of(v),
	})
}
