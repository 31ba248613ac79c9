package people

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// chart gathers the entries of one person's bundle.
type chart struct {
	g         *Generator
	person    Person
	patient   string // addresses of entries, to refer to
	doctor    string
	encounter string
	entries   list
}

// bundle makes the clinical course of a person as a transaction.
func (g *Generator) bundle(p Person, c course) []byte {
	ch := &chart{g: g, person: p}
	ch.patient = ch.add(ch.patientResource())
	ch.doctor = ch.practitioner()
	past := g.now.AddDate(-1, 0, -g.rand.IntN(40))
	ch.encounter = ch.add(ch.visit("finished", "AMB", "ambulatory", past, past.Add(40*time.Minute)))
	ch.checkup(past)

	admitted := g.now.Add(-time.Duration(3+g.rand.IntN(60)) * time.Hour)
	class, display := "AMB", "ambulatory"
	if c.acute {
		class, display = "IMP", "inpatient encounter"
	}
	ch.encounter = ch.add(ch.visit("in-progress", class, display, admitted, time.Time{}))
	ch.present(c, admitted)

	return appendJSON(
		make([]byte, 0, 32<<10), object{"resourceType", "Bundle", "type", "transaction", "entry", ch.entries},
	)
}

// checkup is what a visit long ago left behind.
func (ch *chart) checkup(at time.Time) {
	ch.pressure(122, at)
	ch.panel(bloodCount, nil, at)
	ch.immunization(at)
}

// present is the course that lasts.
func (ch *chart) present(c course, at time.Time) {
	condition := ch.add(ch.condition(c, at))
	ch.pressure(c.systolic, at.Add(10*time.Minute))
	drawn := at.Add(40 * time.Minute)
	ch.panel(bloodCount, c.factors, drawn)
	ch.panel(liver, c.factors, drawn)
	ch.panel(sugar, c.factors, drawn)
	ch.tomography(c, at.Add(90*time.Minute))
	for _, d := range c.drugs {
		ch.add(ch.prescription(d, condition, at.Add(2*time.Hour)))
	}
	if ch.g.rand.IntN(3) == 0 {
		ch.add(ch.allergy(at))
	}
}

// add appends a resource as a POST entry and returns its address.
func (ch *chart) add(resource object) string {
	address := "urn:uuid:" + ch.g.uuid()
	typ := resource[1]
	ch.entries = append(
		ch.entries, object{"fullUrl", address, "resource", resource, "request", object{"method", "POST", "url", typ}},
	)
	return address
}

// uuid is a version 4 UUID of the seeded source.
func (g *Generator) uuid() string {
	a, b := g.rand.Uint64(), g.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

func reference(address string) object { return object{"reference", address} }

func concept(c coded) object {
	return object{"coding", list{object{"system", c.system, "code", c.code, "display", c.display}}, "text", c.text}
}

func terminology(system, code, display, text string) object {
	return concept(coded{"http://terminology.hl7.org/CodeSystem/" + system, code, display, text})
}

// stamp writes a time in the zone of the hospitals.
func stamp(t time.Time) string {
	return t.In(time.FixedZone("UTC+8", 8*60*60)).Format("2006-01-02T15:04:05-07:00")
}

func (ch *chart) patientResource() object {
	family, given := splitName(ch.person.Name)
	gender := "male"
	if ch.person.Female {
		gender = "female"
	}
	return object{
		"resourceType", "Patient",
		"identifier", list{object{
			"use", "official", "type",
			concept(
				coded{"http://terminology.hl7.org/CodeSystem/v2-0203", "NI", "National unique individual identifier", "居民身份证号"},
			),
			"system", IDCardSystem, "value", ch.person.Identifier,
		}},
		"active", true,
		"name", list{object{"use", "official", "text", ch.person.Name, "family", family, "given", list{given}}},
		// Mobile numbers begin with 13 to 19: these reach nobody.
		"telecom", list{object{"system", "phone", "value", fmt.Sprintf("100%08d", ch.g.rand.IntN(1e8)), "use", "mobile"}},
		"gender", gender, "birthDate", ch.person.Birth.Format("2006-01-02"),
		"address", list{object{"use", "home", "text", fmt.Sprintf("示例市东湖区虚构路%d号", 1+ch.g.rand.IntN(300)), "country", "CN"}},
		"communication",
		list{object{"language", concept(coded{"urn:ietf:bcp:47", "zh-CN", "Chinese (China)", "中文"}), "preferred", true}},
	}
}

var doctors = []string{"周敏", "沈立群", "顾文博", "陆佳宁", "谢志远"}

// practitioner adds one of a few doctors, unless the server knows them already.
func (ch *chart) practitioner() string {
	n := ch.g.rand.IntN(len(doctors))
	family, given := splitName(doctors[n])
	number := fmt.Sprintf("D%04d", 1001+n)
	address := "urn:uuid:" + ch.g.uuid()
	ch.entries = append(ch.entries, object{
		"fullUrl", address,
		"resource", object{
			"resourceType", "Practitioner", "identifier", list{object{"system", "urn:yilian:demo:staff", "value", number}},
			"active", true,
			"name", list{object{"text", doctors[n], "family", family, "given", list{given}}},
		},
		"request",
		object{"method", "POST", "url", "Practitioner", "ifNoneExist", "identifier=urn:yilian:demo:staff|" + number},
	})
	return address
}

func (ch *chart) visit(status, class, display string, start, end time.Time) object {
	period := object{"start", stamp(start)}
	if !end.IsZero() {
		period = append(period, "end", stamp(end))
	}
	return object{
		"resourceType", "Encounter", "status", status,
		"class", object{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code", class, "display", display},
		"subject", reference(ch.patient),
		"participant", list{object{"individual", reference(ch.doctor)}},
		"period", period,
	}
}

func (ch *chart) condition(c course, at time.Time) object {
	return object{
		"resourceType", "Condition",
		"clinicalStatus", terminology("condition-clinical", "active", "Active", "活动"),
		"verificationStatus", terminology("condition-ver-status", "confirmed", "Confirmed", "确诊"),
		"category", list{terminology("condition-category", "encounter-diagnosis", "Encounter Diagnosis", "就诊诊断")},
		"code", concept(c.diagnosis), "subject", reference(ch.patient), "encounter", reference(ch.encounter),
		"onsetDateTime", at.AddDate(0, 0, -2).Format("2006-01-02"), "recordedDate", stamp(at.Add(20 * time.Minute)),
		"recorder", reference(ch.doctor),
	}
}

func (ch *chart) pressure(systolic int, at time.Time) {
	systolic += ch.g.rand.IntN(9) - 4
	part := func(code, display, text string, value int) object {
		return object{
			"code",
			concept(coded{loinc, code, display, text}),
			"valueQuantity",
			quantity(float64(value), 0, "mmHg", "mm[Hg]"),
		}
	}
	ch.add(object{
		"resourceType", "Observation", "status", "final",
		"category", list{terminology("observation-category", "vital-signs", "Vital Signs", "生命体征")},
		"code", concept(coded{loinc, "85354-9", "Blood pressure panel with all children optional", "血压"}),
		"subject", reference(ch.patient), "encounter", reference(ch.encounter), "effectiveDateTime", stamp(at), "performer",
		list{reference(ch.doctor)},
		"component", list{
			part("8480-6", "Systolic blood pressure", "收缩压", systolic),
			part("8462-4", "Diastolic blood pressure", "舒张压", systolic*5/8),
		},
	})
}

func quantity(v float64, digits int, unit, code string) object {
	return object{"value", decimal{v, digits}, "unit", unit, "system", ucum, "code", code}
}

// panel adds a laboratory panel: its values and the report over them.
func (ch *chart) panel(p panel, factors map[string]float64, at time.Time) {
	var results list
	for _, m := range p.measures {
		results = append(results, reference(ch.add(ch.result(m, factors[m.code], at))))
	}
	ch.add(object{
		"resourceType", "DiagnosticReport", "status", "final",
		"category", list{concept(coded{"http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory", "检验"})},
		"code", concept(p.coded), "subject", reference(ch.patient), "encounter", reference(ch.encounter),
		"effectiveDateTime", stamp(at), "issued", stamp(at.Add(50 * time.Minute)), "performer", list{reference(ch.doctor)},
		"result", results,
	})
}

func (ch *chart) result(m measure, factor float64, at time.Time) object {
	value := m.low + (m.high-m.low)*(0.2+0.6*ch.g.rand.Float64())
	if factor > 0 {
		value = m.high * factor * (0.95 + 0.1*ch.g.rand.Float64())
	}
	scale := math.Pow10(m.digits)
	value = math.Round(value*scale) / scale
	mark, word, text := "N", "Normal", "正常"
	if value > m.high {
		mark, word, text = "H", "High", "偏高"
	}
	return object{
		"resourceType", "Observation", "status", "final",
		"category", list{terminology("observation-category", "laboratory", "Laboratory", "检验")},
		"code", concept(m.coded), "subject", reference(ch.patient), "encounter", reference(ch.encounter), "effectiveDateTime",
		stamp(at),
		"performer", list{reference(ch.doctor)}, "valueQuantity", quantity(value, m.digits, m.unit, m.ucum),
		"interpretation", list{terminology("v3-ObservationInterpretation", mark, word, text)},
		"referenceRange",
		list{object{"low", quantity(m.low, m.digits, m.unit, m.ucum), "high", quantity(m.high, m.digits, m.unit, m.ucum)}},
	}
}

// tomography adds a chest CT: the study and its report.
func (ch *chart) tomography(c course, at time.Time) {
	if c.ct == "" {
		return
	}
	study := ch.add(object{
		"resourceType", "ImagingStudy",
		"identifier",
		list{object{"system", "urn:dicom:uid", "value", "urn:oid:2.25." + strconv.FormatUint(ch.g.rand.Uint64(), 10)}},
		"status", "available", "subject", reference(ch.patient), "encounter", reference(ch.encounter), "started", stamp(at),
		"numberOfSeries", 1, "numberOfInstances", 64, "description", "胸部CT平扫",
		"series", list{object{
			"uid", "2.25." + strconv.FormatUint(ch.g.rand.Uint64(), 10), "number", 1,
			"modality",
			object{"system", "http://dicom.nema.org/resources/ontology/DCM", "code", "CT", "display", "Computed Tomography"},
			"numberOfInstances", 64, "bodySite", object{"system", snomed, "code", "51185008", "display", "Thoracic structure"},
		}},
	})
	ch.add(object{
		"resourceType", "DiagnosticReport",
		"text",
		object{
			"status", "generated", "div",
			`<div xmlns="http://www.w3.org/1999/xhtml"><p>影像所见：` + c.findings + `</p><p>诊断意见：` + c.ct + `</p></div>`,
		},
		"status", "final",
		"category", list{concept(coded{"http://terminology.hl7.org/CodeSystem/v2-0074", "CT", "CAT Scan", "CT检查"})},
		"code", concept(coded{loinc, "24627-2", "CT Chest", "胸部CT平扫"}),
		"subject", reference(ch.patient), "encounter", reference(ch.encounter), "effectiveDateTime", stamp(at), "issued",
		stamp(at.Add(time.Hour)),
		"performer", list{reference(ch.doctor)}, "imagingStudy", list{reference(study)}, "conclusion", c.ct,
	})
}

func (ch *chart) prescription(d drug, condition string, at time.Time) object {
	return object{
		"resourceType", "MedicationRequest", "status", "active", "intent", "order", "medicationCodeableConcept",
		concept(d.coded),
		"subject", reference(ch.patient), "encounter", reference(ch.encounter), "authoredOn", stamp(at), "requester",
		reference(ch.doctor),
		"reasonCode", list{object{"text", d.reasons}}, "reasonReference", list{reference(condition)},
		"dosageInstruction", list{object{
			"text", d.dosage, "timing", object{"repeat", object{"frequency", d.daily, "period", 1, "periodUnit", "d"}},
			"route", concept(coded{snomed, "26643006", "Oral route", "口服"}),
			"doseAndRate",
			list{object{"doseQuantity", object{"value", decimal{d.dose, -1}, "unit", d.unit, "system", ucum, "code", d.unit}}},
		}},
	}
}

func (ch *chart) immunization(at time.Time) {
	ch.add(object{
		"resourceType", "Immunization", "status", "completed", "vaccineCode",
		concept(coded{cvx, "140", "Influenza, seasonal, injectable, preservative free", "流感疫苗"}),
		"patient", reference(ch.patient), "encounter", reference(ch.encounter), "occurrenceDateTime",
		stamp(at.Add(30 * time.Minute)), "primarySource", true,
		"lotNumber", fmt.Sprintf("DEMO%04d", ch.g.rand.IntN(10000)),
	})
}

func (ch *chart) allergy(at time.Time) object {
	return object{
		"resourceType", "AllergyIntolerance",
		"clinicalStatus", terminology("allergyintolerance-clinical", "active", "Active", "活动"),
		"verificationStatus", terminology("allergyintolerance-verification", "confirmed", "Confirmed", "确认"),
		"type", "allergy", "category", list{"medication"}, "criticality", "high",
		"code", concept(coded{snomed, "764146007", "Penicillin", "青霉素"}), "patient", reference(ch.patient), "recordedDate",
		stamp(at), "recorder", reference(ch.doctor),
	}
}
