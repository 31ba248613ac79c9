package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// Locator tells which members hold what on a patient, under a logged decision; *records.Reading is one.
type Locator interface {
	Locate(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	) ([]exchange.Holding, error)
}

// Patients finds patients by national identifier. Identifiers travel in bodies only, never in addresses.
type Patients struct {
	Locator Locator
	// Identify finds the patient whom a national identifier names; fault.Invalid when it names nobody.
	Identify func(system, value string) (consortium.PatientRef, error)
}

type holding struct {
	Org    consortium.OrgID `json:"org"`
	Kind   consortium.Kind  `json:"kind"`
	Count  int              `json:"count"`
	Latest time.Time        `json:"latest"`
}

type searchInput struct {
	stated
	Body struct {
		System string `json:"system" maxLength:"200" doc:"FHIR identifier system"`
		Value  string `json:"value" minLength:"1" maxLength:"100" doc:"The identifier"`
	}
}

type searchOutput struct {
	Body struct {
		Patient  consortium.PatientRef `json:"patient" doc:"Pseudonymous reference of the person in this consortium"`
		Holdings []holding             `json:"holdings"`
		// Members that did not answer: that they hold nothing is not known.
		Unreached []consortium.OrgID `json:"unreached" doc:"Members that could not be asked: what they hold is not known"`
	}
}

// Register adds the operations.
func (p Patients) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "search-patient", Method: http.MethodPost, Path: "/api/v1/patients/search",
		Summary: "Find a patient by national identifier and see which members hold what",
	}, p.search)
}

func (p Patients) search(ctx context.Context, actor consortium.Actor, in *searchInput) (*searchOutput, error) {
	purpose, err := in.purpose(ctx)
	if err != nil {
		return nil, err
	}
	patient, err := p.Identify(in.Body.System, in.Body.Value)
	if err != nil {
		return nil, err
	}
	holdings, err := p.Locator.Locate(ctx, actor, purpose, patient)
	if err != nil {
		return nil, err
	}
	out := &searchOutput{}
	out.Body.Patient, out.Body.Holdings = patient, make([]holding, 0, len(holdings))
	out.Body.Unreached = []consortium.OrgID{}
	for _, h := range holdings {
		if h.Unreached {
			out.Body.Unreached = append(out.Body.Unreached, h.Org)
			continue
		}
		out.Body.Holdings = append(out.Body.Holdings, holding{Org: h.Org, Kind: h.Kind, Count: h.Count, Latest: h.Latest})
	}
	return out, nil
}
