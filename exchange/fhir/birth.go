package fhir

import (
	"encoding/json"
	"time"
)

// BirthDate returns the date of birth that a Patient tells to the day; false where the content is no Patient or tells
// less.
func BirthDate(content []byte) (time.Time, bool) {
	var patient struct {
		ResourceType string `json:"resourceType"`
		BirthDate    string `json:"birthDate"`
	}
	if json.Unmarshal(content, &patient) != nil || patient.ResourceType != "Patient" {
		return time.Time{}, false
	}
	born, err := time.Parse(time.DateOnly, patient.BirthDate)
	return born, err == nil
}
