package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
)

// MemberLog is one log: what its member serves to everybody beside what the ledger holds.
type MemberLog = oversight.LogState

// Audit shows auditors how the members' logs stand. It shows sizes and roots, never content.
type Audit struct {
	Logs func(ctx context.Context) ([]MemberLog, error)
}

type memberLogsOutput struct {
	Body struct {
		Logs []MemberLog `json:"logs"`
	}
}

// Register adds the operations.
func (a Audit) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "audit-logs", Method: http.MethodGet, Path: "/api/v1/logs",
		Summary: "How every member's log stands: what it serves beside what the ledger has witnessed",
	}, func(ctx context.Context, actor consortium.Actor, _ *struct{}) (*memberLogsOutput, error) {
		if actor.Role != consortium.RoleAuditor {
			return nil, fault.New(fault.Forbidden, CodeAuditorOnly, "This is for auditors.")
		}
		logs, err := a.Logs(ctx)
		if err != nil {
			return nil, err
		}
		out := &memberLogsOutput{}
		out.Body.Logs = logs
		return out, nil
	})
}
