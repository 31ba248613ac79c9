package intake

import (
	"slices"
	"strings"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// whose finds the patient whom a draft is about, and refuses to move a record from one person to another: it would
// change under whose key, and in whose view, it stands.
func (p *plan) whose(d *draft) error {
	if d.matched {
		now := p.stored[d.ref(p.in.Org)]
		d.patient, d.kind = now.Patient, now.Kind
		return nil
	}
	patient, err := p.patient(d)
	if err != nil {
		return err
	}
	d.patient = patient
	now, exists := p.stored[d.ref(p.in.Org)]
	if !exists || now.Patient == patient {
		return nil
	}
	if d.resource.Type == "Patient" {
		return fault.New(
			fault.Conflict, "PATIENT_IDENTITY_CHANGED",
			"The identifier is another person's than before, and the records that refer to this Patient would become theirs. Create a new Patient, and send the records that are theirs again.",
		)
	}
	return fault.New(
		fault.Conflict, "PATIENT_CHANGED",
		"The resource was about another patient before. Create a new one, and mark this one as entered in error.",
	)
}

func (p *plan) patient(d *draft) (consortium.PatientRef, error) {
	class, _ := fhir.ClassOf(d.resource.Type)
	switch {
	case d.resource.Type == "Patient":
		return p.identity(d)
	case class.Subject == "":
		return "", nil // directory data
	}
	subject, ok := d.resource.Subject()
	if !ok {
		if class.Optional {
			d.kind = consortium.Directory
			return "", nil
		}
		return "", refuse(
			d.place+"."+class.Subject, "NO_PATIENT", "The resource names no patient, so nobody could decide who may read it.",
		)
	}
	if id := p.subject(d); id != "" {
		return p.known(d, class, id)
	}
	if ref, ok := p.in.Identify(subject.Identifier.System, subject.Identifier.Value); ok && subject.Literal == "" {
		return ref, nil
	}
	return "", refuse(
		d.place+"."+class.Subject, "NO_PATIENT",
		"The subject must be a Patient of this bundle or one that is stored here, or name a national identifier. Groups, contained patients and other servers' patients are not served.",
	)
}

// known gives the patient behind a Patient resource, of this bundle or stored.
func (p *plan) known(d *draft, class fhir.Class, id string) (consortium.PatientRef, error) {
	if other := p.byAddress["Patient/"+id]; other != nil && !other.matched {
		return p.identity(other)
	}
	now, ok := p.stored[exchange.RecordRef{Org: p.in.Org, Type: "Patient", ID: id}]
	if !ok || now.Deleted {
		return "", refuse(
			d.place+"."+class.Subject, "PATIENT_UNKNOWN",
			"The Patient that is referred to is not stored here. Send it first, or in the same transaction.",
		)
	}
	return now.Patient, nil
}

// identity derives a Patient's reference from its national identifier, the best system first; without one the patient
// is known here only.
func (p *plan) identity(d *draft) (consortium.PatientRef, error) {
	ids := d.resource.Identifiers()
	for _, system := range p.in.Systems {
		var values []string
		for _, id := range ids {
			if id.System == system && id.Use != "old" {
				values = append(values, strings.ToUpper(strings.TrimSpace(id.Value)))
			}
		}
		slices.Sort(values)
		switch values = slices.Compact(values); len(values) {
		case 0:
		case 1:
			return p.in.Index.Ref(system, values[0]), nil
		default:
			return "", refuse(
				d.place+".identifier", "IDENTITY_AMBIGUOUS",
				"The Patient carries two different national identifiers of one kind. Mark the one that is no longer valid with use \"old\".",
			)
		}
	}
	return p.in.Index.Local(d.id), nil
}
