package view

import (
	"slices"
	"strings"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/identity"
)

type humanName struct {
	Use    string   `json:"use"`
	Text   string   `json:"text"`
	Family string   `json:"family"`
	Given  []string `json:"given"`
	Prefix []string `json:"prefix"`
}

// text writes the name as people of its script do: family first without a space in Chinese, last in Latin letters.
func (n humanName) text() string {
	if n.Text != "" {
		return n.Text
	}
	given := strings.Join(n.Given, " ")
	if strings.ContainsFunc(n.Family+given, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
		return n.Family + strings.ReplaceAll(given, " ", "")
	}
	return strings.TrimSpace(given + " " + n.Family)
}

// Person is who a page is about, for its banner: what a reader compares with whoever sits before them.
type Person struct {
	Name   string // empty: not reached
	Sex    string // a key ("code.<Sex>")
	Born   Date
	Died   Date
	Digits string // last four of the identity number
	// Allergies are those that stand. NoneStated is a record that says that there are none. Missing says that not
	// everything was reached: no allergy shown does then not mean that none is recorded.
	Allergies  []Record
	NoneStated []Record
	Missing    bool
}

// PersonOf gathers the banner from a person's records. reached are the kinds that were asked for and came.
func PersonOf(versions []exchange.Version, reached []consortium.Kind) Person {
	p := Person{Missing: !slices.Contains(reached, consortium.Diagnoses)}
	seen := map[string]bool{}
	for _, v := range versions {
		switch {
		case v.Deleted:
		case v.Ref.Type == "Patient" && p.Name == "":
			p.identify(v)
		case v.Ref.Type == allergyType:
			r := Of(v)
			if r.Past || r.Title != "" && seen[r.Title] {
				continue
			}
			seen[r.Title] = true
			if r.NoAllergy {
				p.NoneStated = append(p.NoneStated, r)
			} else {
				p.Allergies = append(p.Allergies, r)
			}
		}
	}
	return p
}

// identify takes the person from their demographic record.
func (p *Person) identify(v exchange.Version) {
	r := Of(v)
	p.Name = r.Title
	for _, f := range r.Facts {
		switch f.Label {
		case "gender":
			p.Sex = f.Code
		case "born":
			p.Born = f.When
		case "died":
			p.Died = f.When
		case "idcard":
			digits := []rune(f.Text) // masked, but for its end
			p.Digits = strings.Trim(string(digits[max(0, len(digits)-4):]), "*")
		}
	}
}

type patient struct {
	Name      []humanName `json:"name"`
	Gender    string      `json:"gender"`
	BirthDate string      `json:"birthDate"`
	Telecom   []struct {
		System string `json:"system"`
		Value  string `json:"value"`
	} `json:"telecom"`
	Address []struct {
		Text     string   `json:"text"`
		Line     []string `json:"line"`
		City     string   `json:"city"`
		District string   `json:"district"`
		State    string   `json:"state"`
	} `json:"address"`
	Identifier []struct {
		System string  `json:"system"`
		Value  string  `json:"value"`
		Type   concept `json:"type"`
	} `json:"identifier"`
	DeceasedDateTime string `json:"deceasedDateTime"`
}

func fillPatient(r *Record, content []byte) error {
	p, err := decode[patient](content)
	if err != nil {
		return err
	}
	for _, n := range p.Name {
		if r.Title == "" || n.Use == "official" {
			r.Title = n.text()
		}
	}
	r.addCode("gender", known("gender", p.Gender, "male", "female", "other", "unknown"))
	r.addDate("born", first(p.BirthDate))
	r.addDate("died", first(p.DeceasedDateTime))
	for _, id := range p.Identifier {
		if id.System == identity.ResidentNumber {
			r.add("idcard", mask(id.Value))
		}
	}
	for _, t := range p.Telecom {
		if t.System == "phone" {
			r.add("phone", mask(t.Value))
		}
	}
	if len(p.Address) > 0 {
		a := p.Address[0]
		if a.Text == "" {
			a.Text = strings.Join(nonEmpty(a.State, a.City, a.District), " ")
		}
		r.add("address", a.Text)
	}
	return nil
}

// mask hides the middle of a number: enough stays to recognise one's own, too little for somebody who looks over a
// shoulder.
func mask(value string) string {
	runes := []rune(value)
	if len(runes) < 8 {
		return strings.Repeat("*", len(runes))
	}
	return string(runes[:3]) + strings.Repeat("*", len(runes)-7) + string(runes[len(runes)-4:])
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
