package view

const enteredInError = "entered-in-error"

type encounter struct {
	Status string    `json:"status"`
	Class  coding    `json:"class"`
	Type   []concept `json:"type"`
	Period period    `json:"period"`
	Reason []concept `json:"reasonCode"`

	ServiceType     concept   `json:"serviceType"`
	ServiceProvider reference `json:"serviceProvider"`
	Participant     []struct {
		Individual reference `json:"individual"`
	} `json:"participant"`
	Location []struct {
		Location reference `json:"location"`
	} `json:"location"`
}

func fillEncounter(r *Record, content []byte) error {
	e, err := decode[encounter](content)
	if err != nil {
		return err
	}
	r.Title = names(e.Type)
	if r.Title == "" {
		r.Title = e.ServiceType.name()
	}
	r.Wrong = e.Status == enteredInError
	r.Status = known("encounter", e.Status, "planned", "arrived", "in-progress", "cancelled")
	r.When = first(e.Period.Start)
	class := known("class", e.Class.Code, "AMB", "EMER", "IMP", "ACUTE", "HH", "VR", "OBSENC")
	if r.Title == "" {
		r.TitleCode = class
	} else {
		r.addCode("class", class)
	}
	if end := first(e.Period.End); end.Raw != "" && end.Day().Raw != r.When.Day().Raw {
		r.addDate("until", end.Day())
	}
	r.add("reason", names(e.Reason))
	r.add("department", e.ServiceType.name())
	for _, l := range e.Location {
		r.add("place", l.Location.Display)
	}
	for _, p := range e.Participant {
		r.add("doctor", p.Individual.Display)
	}
	r.add("provider", e.ServiceProvider.Display)
	return nil
}

type condition struct {
	ClinicalStatus     concept      `json:"clinicalStatus"`
	VerificationStatus concept      `json:"verificationStatus"`
	Severity           concept      `json:"severity"`
	Code               concept      `json:"code"`
	BodySite           []concept    `json:"bodySite"`
	OnsetDateTime      string       `json:"onsetDateTime"`
	OnsetPeriod        period       `json:"onsetPeriod"`
	OnsetString        string       `json:"onsetString"`
	AbatementDateTime  string       `json:"abatementDateTime"`
	RecordedDate       string       `json:"recordedDate"`
	Asserter           reference    `json:"asserter"`
	Note               []annotation `json:"note"`
}

func fillCondition(r *Record, content []byte) error {
	c, err := decode[condition](content)
	if err != nil {
		return err
	}
	r.name(c.Code)
	r.Wrong = c.VerificationStatus.code() == enteredInError
	r.Status = known(
		"condition", c.ClinicalStatus.code(), "active", "recurrence", "relapse", "inactive", "remission", "resolved",
	)
	r.When = first(c.OnsetDateTime, c.OnsetPeriod.Start, c.RecordedDate)
	r.addCode(
		"certainty",
		known("verification", c.VerificationStatus.code(), "unconfirmed", "provisional", "differential", "refuted"),
	)
	r.add("severity", c.Severity.name())
	r.add("site", names(c.BodySite))
	r.add("onset", c.OnsetString)
	r.addDate("ended", first(c.AbatementDateTime))
	r.add("doctor", c.Asserter.Display)
	r.Text = notes(c.Note)
	return nil
}

// allergyType is the FHIR type of allergies.
const allergyType = "AllergyIntolerance"

// noAllergies are the codes (SNOMED CT) by which a record says that somebody asked and found none.
var noAllergies = map[string]bool{"716186003": true, "409137002": true, "428607008": true, "429625007": true}

type allergy struct {
	ClinicalStatus     concept   `json:"clinicalStatus"`
	VerificationStatus concept   `json:"verificationStatus"`
	Criticality        string    `json:"criticality"`
	Code               concept   `json:"code"`
	RecordedDate       string    `json:"recordedDate"`
	Asserter           reference `json:"asserter"`
	Reaction           []struct {
		Manifestation []concept `json:"manifestation"`
	} `json:"reaction"`
}

func fillAllergy(r *Record, content []byte) error {
	a, err := decode[allergy](content)
	if err != nil {
		return err
	}
	r.name(a.Code)
	r.Wrong = a.VerificationStatus.code() == enteredInError
	r.Status = known("condition", a.ClinicalStatus.code(), "active", "inactive", "resolved")
	r.When = first(a.RecordedDate)
	r.NoAllergy = noAllergies[a.Code.code()]
	r.Past = r.Wrong || a.VerificationStatus.code() == "refuted" ||
		a.ClinicalStatus.code() == "inactive" || a.ClinicalStatus.code() == "resolved"
	r.addCode("criticality", known("criticality", a.Criticality, "low", "high"))
	for _, reaction := range a.Reaction {
		r.add("reaction", names(reaction.Manifestation))
	}
	r.add("doctor", a.Asserter.Display)
	return nil
}

// other is what most resources of FHIR R4 have in common.
type other struct {
	Status  any    `json:"status"`
	Code    any    `json:"code"`
	Date    string `json:"date"`
	Created string `json:"created"`
}

// fillOther shows a type that has no view of its own by its code and date; the whole record can be downloaded.
func fillOther(r *Record, content []byte) error {
	o, err := decode[other](content)
	if err != nil {
		return err
	}
	if c, ok := o.Code.(map[string]any); ok {
		r.Title, _ = c["text"].(string)
	}
	r.Wrong = o.Status == enteredInError
	r.When = first(o.Date, o.Created)
	return nil
}
