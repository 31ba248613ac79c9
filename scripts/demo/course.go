package main

import (
	"errors"
	"fmt"
	"time"

	"yilian.example/scripts/demo/people"
)

// course is the patient of the story and what happens to them.
type course struct {
	name       string
	person     string // at the development OpenID provider
	system     string // FHIR system of the identifier
	identifier string
	records    []byte // transaction: what Donghu records
	visit      []byte // transaction: the later visit at Qingshan
	finding    string // words of the CT report
}

// newCourse is 李建国's: pneumonia, with laboratory panels, prescriptions and a CT report.
func newCourse(now time.Time) (course, error) {
	for _, p := range people.Demo(now) {
		if p.Identifier == people.LiJianguoID {
			return course{
				name: p.Name, person: "li-jianguo", system: people.IDCardSystem, identifier: p.Identifier,
				records: p.Bundle, visit: visit(p, now), finding: "右肺下叶斑片状实变影",
			}, nil
		}
	}
	return course{}, errors.New("the generator does not know 李建国")
}

// visit is what Qingshan's own system records when the patient comes: who they are, and that they are there.
func visit(p people.Person, now time.Time) []byte {
	gender := "male"
	if p.Female {
		gender = "female"
	}
	return fmt.Appendf(
		nil,
		`{"resourceType":"Bundle","type":"transaction","entry":[
{"fullUrl":"urn:uuid:6f3f1c54-7a0e-4c55-9d0b-0f5d4f1f0001","request":{"method":"POST","url":"Patient"},
 "resource":{"resourceType":"Patient",
 "identifier":[{"use":"official","system":%q,"value":%q}],"name":[{"text":%q}],"gender":%q,"birthDate":%q}},
{"fullUrl":"urn:uuid:6f3f1c54-7a0e-4c55-9d0b-0f5d4f1f0002","request":{"method":"POST","url":"Encounter"},
 "resource":{"resourceType":"Encounter","status":"in-progress",
 "class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"ambulatory"},
 "subject":{"reference":"urn:uuid:6f3f1c54-7a0e-4c55-9d0b-0f5d4f1f0001"},"period":{"start":%q}}}]}`,
		people.IDCardSystem,
		p.Identifier,
		p.Name,
		gender,
		p.Birth.Format("2006-01-02"),
		now.UTC().Add(-10*time.Minute).Format("2006-01-02T15:04:05Z"),
	)
}
