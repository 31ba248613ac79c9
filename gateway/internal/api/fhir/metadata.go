package fhir

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	r4 "yilian.example/exchange/fhir"
)

// object is a JSON object written out by hand: what follows is a document, not a model.
type object = map[string]any

// metadata says what is served, and nothing that is not.
func (f *Server) metadata(c *gin.Context) {
	if !acceptsFHIR(c.Request) {
		f.caller(c)
		return
	}
	body, err := json.Marshal(f.capabilities())
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	c.Data(http.StatusOK, mediaType, body)
}

func (f *Server) capabilities() object {
	interactions := []object{{"code": "create"}, {"code": "update"}, {"code": "read"}, {"code": "vread"}}
	var resources []object
	for _, name := range r4.Kept() {
		r := object{
			"type":              name,
			"interaction":       interactions,
			"versioning":        "versioned-update",
			"readHistory":       true,
			"updateCreate":      true,
			"conditionalCreate": true,
			"conditionalUpdate": false,
			"conditionalDelete": "not-supported",
			"conditionalRead":   "not-match",
			"referencePolicy":   []string{"literal", "local"},
		}
		if name == "Patient" {
			r["interaction"] = append(interactions[:4:4], object{"code": "search-type"})
			r["searchParam"] = []object{{
				"name": "identifier", "type": "token", "definition": "http://hl7.org/fhir/SearchParameter/Patient-identifier",
				"documentation": "By POST to Patient/_search only, as system|value in the body: " +
					"identifiers do not belong into addresses.",
			}}
		}
		resources = append(resources, r)
	}
	return object{
		"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "date": r4.Instant(f.Started),
		"fhirVersion": "4.0.1", "format": []string{"application/fhir+json"},
		"software":       object{"name": "Yilian"},
		"implementation": object{"description": "Records of " + string(f.Org), "url": f.PublicURL + "/fhir"},
		"rest": []object{{
			"mode": "server",
			"documentation": "Every request states its purpose: a code of HL7's PurposeOfUse in the header " +
				"Purpose-Of-Use, or in the access token (extensions.ihe_iua.purpose_of_use). " +
				"One without is refused with 400 PURPOSE_MISSING. " +
				"Every access is decided by the consent policy for that purpose, and logged. " +
				"Conditional create takes identifier=system|value. Bundles take POST and PUT.",
			"security": object{
				"cors": false,
				"service": []object{
					{
						"coding": []object{{"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "OAuth"}},
					},
				},
				"description": "Bearer tokens of the organisation's OpenID provider.",
			},
			"resource":    resources,
			"interaction": []object{{"code": "transaction"}, {"code": "batch"}},
		}},
	}
}
