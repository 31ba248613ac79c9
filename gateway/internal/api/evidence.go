package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/api/limit"
)

// EvidenceBuilder builds the evidence file of a record's current version, under a logged decision; fault.Conflict with
// code NOT_WITNESSED while the ledger has not witnessed it.
type EvidenceBuilder interface {
	Evidence(ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string) ([]byte, error)
}

// Evidence returns files that prove a record unaltered to a stranger, offline.
type Evidence struct {
	Builder EvidenceBuilder
	Lookups limit.Lookups
}

type evidenceInput struct {
	stated
	Type string `path:"type" maxLength:"64"`
	ID   string `path:"id" maxLength:"64"`
}

type evidenceOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// Register adds the operations.
func (e Evidence) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "record-evidence", Method: http.MethodGet, Path: "/api/v1/records/{type}/{id}/evidence",
		Summary: "Evidence file of a record",
		Description: "Holds the record, what opens its log entry, the inclusion proof, the checkpoint and the members' " +
			"signed witness of it. Check it with exchange/evidence/verify.",
	}, func(ctx context.Context, actor consortium.Actor, in *evidenceInput) (*evidenceOutput, error) {
		purpose, err := in.purpose(ctx)
		if err != nil {
			return nil, err
		}
		file, err := e.Builder.Evidence(ctx, actor, purpose, in.Type, in.ID)
		if err != nil {
			return nil, e.Lookups.Missed(actor, err)
		}
		return evidenceFile(file), nil
	})
}

func evidenceFile(file []byte) *evidenceOutput {
	return &evidenceOutput{
		ContentType: "application/json",
		Disposition: `attachment; filename="evidence.json"`,
		Body:        file,
	}
}
