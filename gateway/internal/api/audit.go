package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// MemberLog is one member's log: what the member serves to everybody beside what the ledger holds.
type MemberLog struct {
	Org         consortium.OrgID `json:"org"`
	Origin      string           `json:"origin"`
	Published   int64            `json:"published" doc:"Entries under the checkpoint that the member serves"`
	Witnessed   int64            `json:"witnessed" doc:"Entries under the newest checkpoint on the ledger"`
	WitnessedAt time.Time        `json:"witnessed_at"`
	Root        string           `json:"root" doc:"Root of the ledger's checkpoint, base64"`
	KeyHash     string           `json:"key_hash" doc:"Fingerprint of the registered verifier key"`
	Pending     int64            `json:"pending" doc:"Entries not yet in the tree, as the member says; -1: not known"`
	LagSeconds  float64          `json:"lag_seconds" doc:"How long the oldest entry has waited to be witnessed, as the member says"`
	Problem     string           `json:"problem,omitempty" enum:"UNREACHABLE,UNREGISTERED,DISAGREES,BEHIND" doc:"Absent when all is well"`
}

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
			return nil, fault.New(fault.Forbidden, "AUDITOR_ONLY", "This is for auditors.")
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
