package auditor

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/oversight"
	"yilian.example/gateway/internal/web/site"
)

// maxShown bounds the alarms on one page; programs are given all that stand.
const maxShown = 100

// databaseState is what the running audit can say of the database, in one word.
type databaseState string

const (
	databaseRefused databaseState = "refused" // the log is not the one that the ledger witnessed
	databaseAlarm   databaseState = "alarm"   // something does not fit
	databaseUnknown databaseState = "unknown" // no pass has ended since the start
	databaseStale   databaseState = "stale"   // the last pass is too long ago to count
	databaseWhole   databaseState = "whole"
)

// stateOf puts what is known to be wrong before what is not known, and both before what is well. A refused log comes
// first: an older database has alarms too, and they are not what has to be mended.
func (p *pages) stateOf(st oversight.WatchStatus) databaseState {
	switch {
	case p.LogRefused():
		return databaseRefused
	case len(st.Alarms) > 0:
		return databaseAlarm
	case st.Passes == 0:
		return databaseUnknown
	case st.Stale:
		return databaseStale
	}
	return databaseWhole
}

// Tone is the notice's class: only what is known to be well is green, and a first pass that still runs is no fault.
func (s databaseState) Tone() string {
	switch s {
	case databaseWhole:
		return "good"
	case databaseUnknown:
		return ""
	}
	return "bad"
}

type databasePage struct {
	site.Base
	oversight.WatchStatus
	State databaseState
	Shown []oversight.Standing
	Full  bool // there may be more alarms than were kept
	At    time.Time
}

// auditDatabase shows what the running audit of this organisation's database has found, and what to do about it.
func (p *pages) auditDatabase(c *gin.Context) error {
	st := p.Database.Status()
	return p.Render(c, http.StatusOK, "database", databasePage{
		Base: p.Base(c, "integrity.title", ""), WatchStatus: st, State: p.stateOf(st), At: p.Now(),
		Shown: st.Alarms[:min(maxShown, len(st.Alarms))], Full: len(st.Alarms) >= oversight.MaxStanding,
	})
}
