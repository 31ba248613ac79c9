package main

import (
	"context"
	"encoding/json"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
)

// people tells a patient's date of birth from their own Patient records here.
type people struct {
	reading *records.Reading
}

// BirthDate gives the youngest date of birth on record, so that where records differ a child is not taken for an adult;
// fault.NotFound where there is none to the day.
func (p people) BirthDate(ctx context.Context, actor consortium.Actor) (time.Time, error) {
	versions, err := p.reading.List(
		ctx, actor, consortium.PatientRequest, actor.Patient, []consortium.Kind{consortium.Demographics},
	)
	if err != nil {
		return time.Time{}, err
	}
	var youngest time.Time
	for _, v := range versions {
		var patient struct {
			ResourceType string `json:"resourceType"`
			BirthDate    string `json:"birthDate"`
		}
		if json.Unmarshal(v.Content, &patient) != nil || patient.ResourceType != "Patient" {
			continue
		}
		if born, err := time.Parse(time.DateOnly, patient.BirthDate); err == nil && born.After(youngest) {
			youngest = born
		}
	}
	if youngest.IsZero() {
		return time.Time{}, fault.New(fault.NotFound, "BIRTH_DATE_UNKNOWN", "There is no date of birth on record.")
	}
	return youngest, nil
}
