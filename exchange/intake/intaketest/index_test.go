package intaketest

import (
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/intake"
)

var _ intake.PatientIndex = PatientIndex(nil)

func TestIndex(t *testing.T) {
	Conformance(t, func(_ *testing.T, org consortium.OrgID) PatientIndex { return Index{org} })
}
