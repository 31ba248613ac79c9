package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
)

// Integrity shows auditors what the running audit of this organisation's database has found. It names tables and rows,
// never content.
type Integrity struct {
	Status func() oversight.WatchStatus
	// Refused says whether the ledger contradicts this organisation's log.
	Refused func() bool
}

type integrityAlarm struct {
	Table string    `json:"table"`
	Row   string    `json:"row" doc:"Its key"`
	Code  string    `json:"code"`
	Since time.Time `json:"since"`
}

type integrityOutput struct {
	Body struct {
		Passes   int64            `json:"passes" doc:"Complete passes over the database since the start"`
		LastPass *time.Time       `json:"lastPass" doc:"When the last complete pass began; null before the first"`
		Seconds  float64          `json:"seconds" doc:"How long it took"`
		Stale    bool             `json:"stale" doc:"The last complete pass is too long ago: nothing is released"`
		Alarms   []integrityAlarm `json:"alarms" doc:"Those that stand"`
		// LogRefused is no finding of the audit: a row may be well, and old.
		LogRefused bool `json:"logRefused" doc:"The ledger contradicts this log, most likely as an older dump was restored"`
	}
}

// Register adds the operation.
func (i Integrity) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "integrity", Method: http.MethodGet, Path: "/api/v1/integrity",
		Summary: "What the running audit of this organisation's database has found",
	}, func(_ context.Context, actor consortium.Actor, _ *struct{}) (*integrityOutput, error) {
		if actor.Role != consortium.RoleAuditor {
			return nil, fault.New(fault.Forbidden, CodeAuditorOnly, "This is for auditors.")
		}
		st := i.Status()
		out := &integrityOutput{}
		out.Body.Passes, out.Body.Seconds, out.Body.Alarms = st.Passes, st.Took.Seconds(), []integrityAlarm{}
		out.Body.Stale, out.Body.LogRefused = st.Stale, i.Refused()
		if !st.LastPass.IsZero() {
			began := st.LastPass.UTC()
			out.Body.LastPass = &began
		}
		for _, a := range st.Alarms {
			out.Body.Alarms = append(out.Body.Alarms, integrityAlarm{a.Table, a.Row, string(a.Code), a.Since.UTC()})
		}
		return out, nil
	})
}
