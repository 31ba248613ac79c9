package idp

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed people.yaml
var seed []byte

// Person is somebody who can sign in.
type Person struct {
	ID      string   `yaml:"id"`
	Role    string   `yaml:"role"` // patient, clinician, auditor or assessor
	Orgs    []string `yaml:"orgs"` // at whose gateways
	Name    string   `yaml:"name"`
	NameEN  string   `yaml:"name_en"`
	TitleZH string   `yaml:"title_zh"`
	TitleEN string   `yaml:"title_en"`
	System  string   `yaml:"system"` // of a patient's national identifier
	Value   string   `yaml:"value"`
}

// roles are those that a person can have. Systems and gateways are not people.
func roles() []string { return []string{"patient", "clinician", "auditor", "assessor"} }

// parsePeople reads and checks the seed.
func parsePeople(text []byte) ([]Person, error) {
	var file struct {
		People []Person `yaml:"people"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(&file)
	if err != nil {
		return nil, fmt.Errorf("parse people: %w", err)
	}
	seen := map[string]bool{}
	for _, p := range file.People {
		switch {
		case p.ID == "" || seen[p.ID]:
			return nil, fmt.Errorf("check people: id %q is empty or used twice", p.ID)
		case !slices.Contains(roles(), p.Role):
			return nil, fmt.Errorf("check people: %s has the unknown role %q", p.ID, p.Role)
		case p.Name == "" || p.NameEN == "" || len(p.Orgs) == 0:
			return nil, fmt.Errorf("check people: %s needs names and organisations", p.ID)
		case (p.Role == "patient") != (p.System != "" && p.Value != ""):
			return nil, fmt.Errorf("check people: %s: patients, and only they, have an identifier", p.ID)
		}
		seen[p.ID] = true
	}
	return file.People, nil
}

// at are the people of one member's gateway, in the order of the seed.
func at(people []Person, org string) []Person {
	var out []Person
	for _, p := range people {
		if slices.Contains(p.Orgs, org) {
			out = append(out, p)
		}
	}
	return out
}

// find finds somebody by id, name or identifier; without any of these, the first person in a role.
func find(people []Person, org, role, who string) (Person, error) {
	for _, p := range at(people, org) {
		if role != "" && p.Role != role {
			continue
		}
		if who == "" || who == p.ID || who == p.Name || who == p.NameEN || (p.Value != "" && who == p.Value) {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("nobody at %s fits role %q and the person named", org, role)
}

// claims are what tokens say of somebody at a member, beside the standard claims.
func (p Person) claims(org string) map[string]any {
	c := map[string]any{"name": p.Name, "yilian_org": org, "yilian_role": p.Role}
	if p.Value != "" {
		c["yilian_identifier"] = map[string]string{"system": p.System, "value": p.Value}
	}
	return c
}
