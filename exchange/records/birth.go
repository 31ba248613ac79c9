package records

import (
	"context"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// CodeBirthDateUnknown: no Patient record here tells the date of birth to the day.
const CodeBirthDateUnknown fault.Code = "BIRTH_DATE_UNKNOWN"

// BirthDate returns a patient's youngest date of birth on their own Patient records here, so that where records differ
// a child is not taken for an adult; fault.NotFound where there is none to the day.
func (r *Reading) BirthDate(ctx context.Context, actor consortium.Actor) (time.Time, error) {
	list, err := r.List(
		ctx, actor, consortium.PatientRequest, actor.Patient, []consortium.Kind{consortium.Demographics},
		exchange.Page{},
	)
	if err != nil {
		return time.Time{}, err
	}
	var youngest time.Time
	for _, v := range list.Versions {
		if born, told := fhir.BirthDate(v.Content); told && born.After(youngest) {
			youngest = born
		}
	}
	if youngest.IsZero() {
		return time.Time{}, fault.New(fault.NotFound, CodeBirthDateUnknown, "There is no date of birth on record.")
	}
	return youngest, nil
}
