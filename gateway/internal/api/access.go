package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// AccessHistory is a patient's own view of who looked; *records.Keeper is one.
type AccessHistory interface {
	AccessHistory(
		ctx context.Context, patient consortium.PatientRef, before int64, limit int,
	) ([]exchange.AccessEntry, error)
}

// Proofs tells which log entries stand under a witnessed checkpoint.
type Proofs interface {
	Witnessed(ctx context.Context, entries []string) (map[string]bool, error)
}

// Access shows patients who looked at their records here, and why.
type Access struct {
	History AccessHistory
	Proofs  Proofs
}

type accessInput struct {
	Before int64 `query:"before" minimum:"0" doc:"Entries with a lower number; 0: from the newest"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type accessOutput struct {
	Body struct {
		Entries []accessEntry `json:"entries"`
	}
}

type accessEntry struct {
	Seq        int64               `json:"seq" doc:"1, 2, 3 … without gaps, for this patient at this organisation"`
	Time       time.Time           `json:"time"`
	Actor      string              `json:"actor"`
	Org        consortium.OrgID    `json:"org"`
	Role       consortium.Role     `json:"role"`
	Action     consortium.Action   `json:"action"`
	Purpose    consortium.Purpose  `json:"purpose"`
	Kinds      []consortium.Kind   `json:"kinds"`
	Allow      bool                `json:"allow"`
	Reasons    []consortium.Reason `json:"reasons"`
	Policy     string              `json:"policy"`
	Commitment string              `json:"commitment"`
	Prev       string              `json:"prev"`
	Witnessed  bool                `json:"witnessed" doc:"Stands under a checkpoint that the ledger has committed"`
}

// Register adds the operations.
func (a Access) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "list-access", Method: http.MethodGet, Path: "/api/v1/access",
		Summary: "Who looked at my records here, and why (PIPL 44, 45)",
	}, a.list)
}

func (a Access) list(ctx context.Context, actor consortium.Actor, in *accessInput) (*accessOutput, error) {
	if actor.Role != consortium.RolePatient || !actor.Patient.Valid() {
		return nil, fault.New(fault.Forbidden, CodePatientOnly, "Only patients can see their access history, each their own.")
	}
	entries, err := a.History.AccessHistory(ctx, actor.Patient, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.Entry
	}
	witnessed, err := a.Proofs.Witnessed(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &accessOutput{}
	out.Body.Entries = make([]accessEntry, len(entries))
	for i, e := range entries {
		q := e.Decision.Query
		out.Body.Entries[i] = accessEntry{
			Seq:        e.Seq,
			Time:       e.Time,
			Actor:      q.Actor.Name,
			Org:        q.Actor.Org,
			Role:       q.Actor.Role,
			Action:     q.Action,
			Purpose:    q.Purpose,
			Kinds:      q.Kinds,
			Allow:      e.Decision.Allow,
			Reasons:    e.Decision.Reasons,
			Policy:     e.Decision.Policy,
			Commitment: e.Commitment,
			Prev:       e.Prev,
			Witnessed:  witnessed[e.Entry],
		}
	}
	return out, nil
}
