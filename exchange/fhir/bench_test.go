package fhir

import (
	"testing"
	"time"
)

// kilobyte is a laboratory value of about 1 KB, as systems send them.
const kilobyte = `{"resourceType":"Observation","id":"3ed2a74a-739a-4f67-8492-c7b94e61515f","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}],"text":"检验"}],"code":{"coding":[{"system":"http://loinc.org","code":"14749-6","display":"Glucose [Moles/volume] in Serum or Plasma"}],"text":"葡萄糖"},"subject":{"reference":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"},"encounter":{"reference":"Encounter/1"},"effectiveDateTime":"2026-11-21T08:00:00+08:00","issued":"2026-11-21T09:00:00.000+08:00","performer":[{"reference":"Practitioner/1"}],"valueQuantity":{"value":5.10,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}]}],"referenceRange":[{"low":{"value":3.9,"unit":"mmol/L"},"high":{"value":6.1,"unit":"mmol/L"}}]}`

// BenchmarkDecodeAndSplice is the whole of what a resource of 1 KB costs here on its way in.
func BenchmarkDecodeAndSplice(b *testing.B) {
	body, at := []byte(kilobyte), time.Unix(1, 0)
	link := func(s string) (string, bool) {
		return "Patient/1", s == "urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r, issues := Decode(body)
		if len(issues) > 0 {
			b.Fatal(issues)
		}
		r.Splice(Edit{ID: "3ed2a74a-739a-4f67-8492-c7b94e615150", Version: 1, Updated: at, Link: link})
	}
}
