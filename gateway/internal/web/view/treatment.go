package view

import (
	"encoding/json"
	"strconv"
	"strings"
)

type medication struct {
	Status                    string    `json:"status"`
	Intent                    string    `json:"intent"`
	MedicationCodeableConcept concept   `json:"medicationCodeableConcept"`
	MedicationReference       reference `json:"medicationReference"`
	AuthoredOn                string    `json:"authoredOn"`
	Requester                 reference `json:"requester"`
	ReasonCode                []concept `json:"reasonCode"`
	DosageInstruction         []dosage  `json:"dosageInstruction"`
	DispenseRequest           struct {
		Quantity *quantity `json:"quantity"`
		Supply   *quantity `json:"expectedSupplyDuration"`
	} `json:"dispenseRequest"`
	Note []annotation `json:"note"`
}

type dosage struct {
	Text        string  `json:"text"`
	PatientInst string  `json:"patientInstruction"`
	Route       concept `json:"route"`
	Timing      struct {
		Code   concept `json:"code"`
		Repeat struct {
			Frequency  int         `json:"frequency"`
			Period     json.Number `json:"period"`
			PeriodUnit string      `json:"periodUnit"`
		} `json:"repeat"`
	} `json:"timing"`
	DoseAndRate []struct {
		DoseQuantity *quantity `json:"doseQuantity"`
	} `json:"doseAndRate"`
	AsNeeded bool `json:"asNeededBoolean"`
}

// words puts dose, how and how often on one line, where the prescriber wrote no text.
func (d dosage) words() string {
	if d.Text != "" {
		return d.Text
	}
	var parts []string
	for _, rate := range d.DoseAndRate {
		parts = append(parts, rate.DoseQuantity.text())
	}
	parts = append(parts, d.Route.name(), d.Timing.Code.name())
	if f := d.Timing.Repeat; f.Frequency > 0 && f.Period != "" && d.Timing.Code.name() == "" {
		parts = append(parts, strconv.Itoa(f.Frequency)+" × / "+f.Period.String()+" "+f.PeriodUnit)
	}
	return strings.Join(nonEmpty(parts...), "，")
}

func fillMedication(r *Record, content []byte) error {
	m, err := decode[medication](content)
	if err != nil {
		return err
	}
	r.name(m.MedicationCodeableConcept)
	if r.Title == "" {
		r.Title = m.MedicationReference.Display
	}
	r.Wrong = m.Status == enteredInError
	r.Status = known("medication", m.Status, "active", "on-hold", "cancelled", "completed", "stopped", "draft")
	r.When = first(m.AuthoredOn)
	for _, d := range m.DosageInstruction {
		r.add("dosage", d.words())
		r.add("instruction", d.PatientInst)
		if d.AsNeeded {
			r.addCode("dosage", "asneeded")
		}
	}
	r.add("quantity", m.DispenseRequest.Quantity.text())
	r.add("supply", m.DispenseRequest.Supply.text())
	r.add("reason", names(m.ReasonCode))
	r.add("doctor", m.Requester.Display)
	r.Text = notes(m.Note)
	return nil
}

type procedure struct {
	Status            string       `json:"status"`
	Code              concept      `json:"code"`
	PerformedDateTime string       `json:"performedDateTime"`
	PerformedPeriod   period       `json:"performedPeriod"`
	BodySite          []concept    `json:"bodySite"`
	Outcome           concept      `json:"outcome"`
	Reason            []concept    `json:"reasonCode"`
	Note              []annotation `json:"note"`
	Performer         []struct {
		Actor reference `json:"actor"`
	} `json:"performer"`
}

func fillProcedure(r *Record, content []byte) error {
	p, err := decode[procedure](content)
	if err != nil {
		return err
	}
	r.name(p.Code)
	r.Wrong = p.Status == enteredInError
	r.Status = known("procedure", p.Status, "preparation", "in-progress", "not-done", "on-hold", "stopped")
	r.When = first(p.PerformedDateTime, p.PerformedPeriod.Start)
	r.add("site", names(p.BodySite))
	r.add("reason", names(p.Reason))
	r.add("outcome", p.Outcome.name())
	for _, by := range p.Performer {
		r.add("doctor", by.Actor.Display)
	}
	r.Text = notes(p.Note)
	return nil
}

type immunization struct {
	Status         string       `json:"status"`
	VaccineCode    concept      `json:"vaccineCode"`
	OccurrenceDate string       `json:"occurrenceDateTime"`
	Occurrence     string       `json:"occurrenceString"`
	LotNumber      string       `json:"lotNumber"`
	Site           concept      `json:"site"`
	DoseQuantity   *quantity    `json:"doseQuantity"`
	Note           []annotation `json:"note"`
	Protocol       []struct {
		Dose json.Number `json:"doseNumberPositiveInt"`
	} `json:"protocolApplied"`
}

func fillImmunization(r *Record, content []byte) error {
	i, err := decode[immunization](content)
	if err != nil {
		return err
	}
	r.name(i.VaccineCode)
	r.Wrong = i.Status == enteredInError
	r.Status = known("procedure", i.Status, "not-done")
	r.When = first(i.OccurrenceDate)
	if r.When.Raw == "" {
		r.add("onset", i.Occurrence)
	}
	for _, p := range i.Protocol {
		r.add("dose", p.Dose.String())
	}
	r.add("lot", i.LotNumber)
	r.add("site", i.Site.name())
	r.add("quantity", i.DoseQuantity.text())
	r.Text = notes(i.Note)
	return nil
}
