package auth

import (
	"slices"
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

func FuzzReadActor(f *testing.F) {
	f.Add([]byte(`{"sub":"a","yilian_org":"donghu","yilian_role":"clinician"}`))
	f.Add(
		[]byte(`{"sub":"a","yilian_org":"donghu","yilian_role":"patient","yilian_identifier":{"system":"s","value":"v"}}`),
	)
	f.Add([]byte(`{"sub":"a","yilian_org":"qingshan","yilian_role":"gateway"}`))
	f.Add([]byte(`[]`))
	patient := func(system, value string) (consortium.PatientRef, error) {
		return consortium.NewPatientRef([]byte("key"), system, value), nil
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := readActor(payload, "donghu", patient)
		if err != nil {
			if a != (consortium.Actor{}) {
				t.Fatalf("an error with an actor: %+v", a)
			}
			if k := fault.KindOf(err); k != fault.Unauthorized && k != fault.Forbidden {
				t.Fatalf("claims gave kind %d: %v", k, err)
			}
			return
		}
		if a.ID == "" || a.Org != "donghu" || a.Role == consortium.RoleGateway ||
			!slices.Contains(consortium.Roles(), a.Role) {
			t.Fatalf("accepted %+v", a)
		}
		if (a.Role == consortium.RolePatient) != a.Patient.Valid() {
			t.Fatalf("patient reference of %+v", a)
		}
	})
}
