package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
)

// LogStatus tells how this organisation's log stands.
type LogStatus interface {
	Status(ctx context.Context) (anchor.Status, error)
}

// OwnLog tells how far this organisation's log is behind.
type OwnLog struct {
	Status LogStatus
	Now    func() time.Time
}

type logOutput struct {
	Body struct {
		Origin      string    `json:"origin"`
		Pending     int64     `json:"pending" doc:"Entries not yet in the tree"`
		Integrated  int64     `json:"integrated" doc:"Entries in the tree"`
		Published   int64     `json:"published" doc:"Entries under the published checkpoint, which the ledger has committed"`
		WitnessedAt time.Time `json:"witnessedAt" doc:"Ledger time of the published checkpoint"`
		LagSeconds  float64   `json:"lagSeconds" doc:"How long the oldest entry has been waiting to be witnessed"`
		Trouble     string    `json:"trouble,omitempty"`
	}
}

// Register adds the operations.
func (l OwnLog) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "log-status", Method: http.MethodGet, Path: "/api/v1/log", Summary: "How this organisation's log stands",
	}, func(ctx context.Context, _ consortium.Actor, _ *struct{}) (*logOutput, error) {
		st, err := l.Status.Status(ctx)
		if err != nil {
			return nil, err
		}
		out := &logOutput{}
		out.Body.Origin = st.Origin
		out.Body.Pending = st.Pending
		out.Body.Integrated = st.Integrated
		out.Body.Published = st.Published
		out.Body.WitnessedAt = st.WitnessedAt
		out.Body.LagSeconds = st.Lag(l.Now()).Seconds()
		out.Body.Trouble = st.Trouble
		return out, nil
	})
}
