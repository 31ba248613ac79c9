package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
)

// Asker asks other members for records; *release.Asking is one.
type Asker interface {
	Ask(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
		custodian consortium.OrgID, kinds []consortium.Kind,
	) (release.Result, error)
	Show(ctx context.Context, actor consortium.Actor, id string) (release.Result, error)
	More(ctx context.Context, actor consortium.Actor, id string) (release.Result, error)
}

// ReceivedProver builds the evidence file of a record that another member released to the caller.
type ReceivedProver interface {
	ReceivedEvidence(ctx context.Context, actor consortium.Actor, release, typ, id string) ([]byte, error)
}

// Releases asks other members for records and shows what came.
type Releases struct {
	Asker    Asker
	Evidence ReceivedProver
}

type receivedEvidenceInput struct {
	ID     string `path:"id" pattern:"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" doc:"A plain lower-case UUID"`
	Type   string `path:"type" maxLength:"64"`
	Record string `path:"record" maxLength:"64"`
}

type askInput struct {
	Body struct {
		Patient   string   `json:"patient" maxLength:"64" doc:"Pseudonymous reference, from search-patient"`
		Custodian string   `json:"custodian" maxLength:"32" doc:"Member that holds the records"`
		Purpose   string   `json:"purpose" maxLength:"16" doc:"A code of HL7 v3 PurposeOfUse, for example TREAT"`
		Kinds     []string `json:"kinds" minItems:"1" maxItems:"16" doc:"Kinds of record"`
	}
}

type showInput struct {
	ID string `path:"id" pattern:"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" doc:"A plain lower-case UUID"`
}

type releaseOutput struct {
	Body releaseBody
}

type releaseBody struct {
	ID        string              `json:"id"`
	Custodian consortium.OrgID    `json:"custodian"`
	Decision  consortium.Decision `json:"decision"`
	Records   []releasedRecord    `json:"records" doc:"Newest first"`
	More      bool                `json:"more" doc:"Older records follow: more-release asks for them"`
	Held      int                 `json:"held" doc:"In a part of several: how many of the kinds there are in all"`
	Expires   time.Time           `json:"expires" doc:"Until when this copy can be shown again"`
}

type releasedRecord struct {
	Type     string          `json:"type"`
	ID       string          `json:"id"`
	Version  int             `json:"version"`
	Kind     consortium.Kind `json:"kind"`
	Recorded time.Time       `json:"recorded"`
	Content  []byte          `json:"content" doc:"The record's bytes in base64, exactly as the custodian keeps them"`
}

// Register adds the operations.
func (r Releases) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "ask-release", Method: http.MethodPost, Path: "/api/v1/releases",
		Summary: "Ask another member for a patient's records",
		Description: "The custodian decides under its own policy. " +
			"A refusal is 403 with the reasons and the articles of law they rest on.",
	}, func(ctx context.Context, actor consortium.Actor, in *askInput) (*releaseOutput, error) {
		b := in.Body
		kinds := make([]consortium.Kind, len(b.Kinds))
		for i, k := range b.Kinds {
			kinds[i] = consortium.Kind(k)
		}
		return answered(
			r.Asker.Ask(
				ctx, actor, consortium.Purpose(b.Purpose), consortium.PatientRef(b.Patient), consortium.OrgID(b.Custodian), kinds,
			),
		)
	})
	register(j, huma.Operation{
		OperationID: "show-release", Method: http.MethodGet, Path: "/api/v1/releases/{id}",
		Summary: "Show again what came, to the one who asked, while it lasts",
	}, func(ctx context.Context, actor consortium.Actor, in *showInput) (*releaseOutput, error) {
		return answered(r.Asker.Show(ctx, actor, in.ID))
	})
	register(j, huma.Operation{
		OperationID: "more-release", Method: http.MethodPost, Path: "/api/v1/releases/{id}/more",
		Summary: "Ask the custodian of an answer for the older records that follow",
		Description: "A request of its own, decided and logged anew, with an id of its own. " +
			"409 RELEASE_COMPLETE where nothing follows.",
	}, func(ctx context.Context, actor consortium.Actor, in *showInput) (*releaseOutput, error) {
		return answered(r.Asker.More(ctx, actor, in.ID))
	})
	register(j, huma.Operation{
		OperationID: "release-evidence",
		Method:      http.MethodGet,
		Path:        "/api/v1/releases/{id}/records/{type}/{record}/evidence",
		Summary:     "Evidence file of a record that came",
		Description: "Built by the receiver from the custodian's public log and the members' signatures; " +
			"the custodian is not asked.",
	}, func(ctx context.Context, actor consortium.Actor, in *receivedEvidenceInput) (*evidenceOutput, error) {
		file, err := r.Evidence.ReceivedEvidence(ctx, actor, in.ID, in.Type, in.Record)
		if err != nil {
			return nil, err
		}
		return evidenceFile(file), nil
	})
}

// answered renders a custodian's answer; a refusal is an error here, so that no client takes it for an empty success.
func answered(res release.Result, err error) (*releaseOutput, error) {
	if err != nil {
		return nil, err
	}
	if !res.Decision.Allow {
		return nil, exchange.NewRefused(res.Decision)
	}
	out := &releaseOutput{
		Body: releaseBody{
			ID:        res.ID,
			Custodian: res.Custodian,
			Decision:  res.Decision,
			Expires:   res.Expires,
			More:      res.More,
			Held:      res.Held,
			Records:   make([]releasedRecord, 0, len(res.Records)),
		},
	}
	for _, v := range res.Records {
		out.Body.Records = append(out.Body.Records, releasedRecord{
			Type: v.Ref.Type, ID: v.Ref.ID, Version: v.Number, Kind: v.Kind, Recorded: v.Recorded, Content: v.Content,
		})
	}
	return out, nil
}
