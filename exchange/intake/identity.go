package intake

import (
	"slices"
	"strings"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/identity"
)

// whose finds the patient whom a draft is about, and refuses to move a record from one person to another: it would
// change under whose key, and in whose view, it stands.
func (p *plan) whose(d *draft) error {
	patient, err := p.patient(d, d.resource)
	if err != nil {
		return err
	}
	now, exists := p.stored[d.ref(p.in.Org)]
	if d.twin != nil {
		return p.sameAsTwin(d, patient)
	}
	if d.matched {
		return p.same(d, now, patient)
	}
	d.patient = patient
	if class, _ := fhir.ClassOf(d.resource.Type); class.Optional && patient == "" {
		d.kind = consortium.Directory
	}
	if err := p.company(d); err != nil {
		return err
	}
	if !exists || now.Patient == patient {
		return nil
	}
	if d.resource.Type == "Patient" {
		return fault.New(
			fault.Conflict, CodeIdentityChanged,
			"The identifier is another person's than before, and the records that refer to this Patient would become "+
				"theirs. Create a new Patient, and send the records that are theirs again.",
		)
	}
	return fault.New(
		fault.Conflict, CodePatientChanged,
		"The resource was about another patient before. Create a new one, and mark this one as entered in error.",
	)
}

// same takes what a condition found for the draft. It must be about the very person whom the posted body names: record
// numbers are given out again, and what follows would be filed under whoever had the number before.
func (p *plan) same(d *draft, now exchange.Current, posted consortium.PatientRef) error {
	if now.Number == 0 || now.Deleted {
		return changedMeanwhile()
	}
	if now.Patient != posted {
		return mismatch(
			"What carries the identifier of the condition here is about another person than what was sent. Find out whose " +
				"the identifier is, and send it without the condition, or with another one.",
		)
	}
	d.patient, d.kind = now.Patient, now.Kind
	return nil
}

// sameAsTwin is same, of an entry that meets the condition of an earlier one of the same transaction.
func (p *plan) sameAsTwin(d *draft, posted consortium.PatientRef) error {
	if d.twin.patient != posted {
		return mismatch(
			"Another entry with the same condition is about another person. Find out whose the identifier is, and send one.",
		)
	}
	d.patient, d.kind = d.twin.patient, d.twin.kind
	return nil
}

// company wants what conditional references found to be about the same person as the draft, or about nobody.
func (p *plan) company(d *draft) error {
	for _, text := range d.resource.References() {
		to, ok := p.queries[text]
		if !ok {
			continue
		}
		now, exists := p.stored[p.record(to)]
		if !exists || now.Deleted {
			return changedMeanwhile()
		}
		if now.Patient != "" && now.Patient != d.patient {
			return mismatch(
				"What a conditional reference finds is about another person than the resource that refers to it. Refer to it " +
					"by its id, if that is meant.",
			)
		}
	}
	return nil
}

func mismatch(words string) error { return fault.New(fault.Conflict, CodeIdentityMismatch, words) }

// patient returns whom a resource is about: the draft's as it was sent, or as it is about to be stored.
func (p *plan) patient(d *draft, r *fhir.Resource) (consortium.PatientRef, error) {
	class, _ := fhir.ClassOf(r.Type)
	switch {
	case r.Type == "Patient":
		return p.identity(d, r)
	case class.Subject == "":
		return "", nil // directory data
	}
	subject, ok := r.Subject()
	place := d.place + "." + class.Subject
	if !ok {
		if class.Optional {
			return "", nil
		}
		return "", refuse(
			place, CodeNoPatient, "The resource names no patient, so nobody could decide who may read it.",
		)
	}
	named, national := p.named(subject)
	if to := p.subject(subject); to != "" {
		patient, err := p.known(place, to)
		if err == nil && national && named != patient {
			return "", mismatch("The subject's reference leads to another person than its identifier names.")
		}
		return patient, err
	}
	if national && subject.Literal == "" {
		return named, nil
	}
	return "", refuse(
		place, CodeNoPatient,
		"The subject must be a Patient of this bundle or one that is stored here, or name a national identifier. "+
			"Groups, contained patients and other servers' patients are not served.",
	)
}

// named returns the person whom the subject's own identifier names nationally.
func (p *plan) named(subject fhir.Subject) (consortium.PatientRef, bool) {
	if !subject.Identifier.Current() {
		return "", false
	}
	patient, err := p.in.Identify(subject.Identifier.System, subject.Identifier.Value)
	return patient, err == nil
}

// subject returns the address, Patient/id, to which a subject's reference leads; "" when it leads to none.
func (p *plan) subject(s fhir.Subject) string {
	to, _ := p.resolve(s.Literal)
	if to == "" {
		to, _ = p.own(s.Literal)
	}
	if !strings.HasPrefix(to, "Patient/") {
		return ""
	}
	return to
}

// known returns the patient behind a Patient resource, of this bundle or stored.
func (p *plan) known(place, address string) (consortium.PatientRef, error) {
	if other := p.byAddress[address]; other != nil && !other.matched {
		return p.identity(other, other.resource)
	}
	now, ok := p.stored[p.record(address)]
	if !ok || now.Deleted {
		return "", refuse(
			place, CodePatientUnknown,
			"The Patient that is referred to is not stored here. Send it first, or in the same transaction.",
		)
	}
	return now.Patient, nil
}

// verify reads the final bytes once more and wants them to be about the person under whom they are filed, whatever was
// made of references on the way.
func (p *plan) verify(d *draft, put exchange.Put) error {
	r, ok := fhir.Reread(put.Content)
	if ok && r.Type == put.Type && r.ID == put.ID {
		// The bytes stand by themselves from now on: nothing of the bundle helps to read them.
		after := plan{in: p.in, byAddress: p.byAddress, stored: p.stored}
		if patient, err := after.patient(d, r); err == nil && patient == put.Patient {
			return nil
		}
	}
	return refuse(
		d.place, CodePatientMismatch,
		"What would be stored does not name the patient under whom it would be filed. Nothing was stored.",
	)
}

// remark warns of a Patient's identifiers by which nobody is recognised: they are kept as they were written, and
// whoever sent them should know that they join nothing.
func (in *Intake) remark(d *draft) {
	if d.resource.Type != "Patient" {
		return
	}
	warn := func(code fault.Code, words string) {
		d.remarks = append(d.remarks, fhir.Issue{
			Severity: fhir.SeverityWarning, Code: fhir.CodeValue, Reason: string(code), Expression: d.place + ".identifier",
			Diagnostics: words,
		})
	}
	for _, id := range d.resource.Identifiers() {
		_, err := in.Matching.Person(id.System, id.Value)
		switch {
		case !id.Current() || err == nil:
		case fault.Of(err).Code == identity.CodeNumber:
			warn(identity.CodeNumber,
				"An identity number is a placeholder or malformed. It is kept as it was written; nobody is matched by it.")
		case !in.Matching.Known(id.System):
			warn(identity.CodeSystem,
				"An identifier's system is not known here. It is kept as it was written; nobody is matched by it.")
		}
	}
}

// identity derives a Patient's reference from its national identifier, the best system first; without one the patient
// is known here only.
func (p *plan) identity(d *draft, r *fhir.Resource) (consortium.PatientRef, error) {
	values := map[string][]string{}
	for _, id := range r.Identifiers() {
		if person, err := p.in.Matching.Person(id.System, id.Value); err == nil && id.Current() {
			values[person.System] = append(values[person.System], person.Value)
		}
	}
	for _, system := range p.in.Matching.National() {
		slices.Sort(values[system])
		switch of := slices.Compact(values[system]); len(of) {
		case 0:
		case 1:
			return p.in.Index.Ref(system, of[0]), nil
		default:
			return "", refuse(
				d.place+".identifier", CodeIdentityAmbiguous,
				"The Patient carries two different national identifiers of one kind. Mark the one that is no longer valid "+
					"with use \"old\".",
			)
		}
	}
	return p.in.Index.Local(d.id), nil
}
