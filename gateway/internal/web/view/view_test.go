package view_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fhir"
	"yilian.example/gateway/internal/web/view"
	"yilian.example/scripts/demo/people"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func version(t testing.TB, content string) exchange.Version {
	t.Helper()
	var head struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(content), &head); err != nil {
		t.Fatal(err)
	}
	class, _ := fhir.ClassOf(head.ResourceType)
	return exchange.Version{
		Ref:      exchange.RecordRef{Org: "donghu", Type: head.ResourceType, ID: head.ID},
		Number:   1,
		Kind:     class.Kind,
		Recorded: now,
		Content:  []byte(content),
	}
}

// bundled is the patient records of a FHIR bundle.
func bundled(t testing.TB, bundle []byte) []exchange.Version {
	t.Helper()
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	var out []exchange.Version
	for _, e := range b.Entry {
		if v := version(t, string(e.Resource)); v.Kind.Valid() {
			out = append(out, v)
		}
	}
	return out
}

func TestObservationValues(t *testing.T) {
	observation := func(rest string) string {
		return `{"resourceType":"Observation","id":"o","status":"final",` +
			`"code":{"text":"血糖"},"effectiveDateTime":"2026-05-03T09:30:00+08:00",` + rest + `}`
	}
	limits := `"referenceRange":[{"low":{"value":3.90,"unit":"mmol/L"},"high":{"value":6.10,"unit":"mmol/L"}}]`
	for _, tt := range []struct {
		name, rest string
		want       view.Value
		bar        bool
		at         float64
	}{
		{
			"inside its range", `"valueQuantity":{"value":5.00,"unit":"mmol/L"},` + limits,
			view.Value{Text: "5.00", Unit: "mmol/L", Flag: view.Normal, Range: "3.90–6.10"}, true, 50,
		},
		{
			"on the upper limit", `"valueQuantity":{"value":6.1,"unit":"mmol/L"},` + limits,
			view.Value{Text: "6.1", Unit: "mmol/L", Flag: view.Normal, Range: "3.90–6.10"}, true, 75,
		},
		{
			"above", `"valueQuantity":{"value":6.11,"unit":"mmol/L"},` + limits,
			view.Value{Text: "6.11", Unit: "mmol/L", Flag: view.High, Range: "3.90–6.10"}, true, 75.23,
		},
		{
			"far above: drawn at the edge", `"valueQuantity":{"value":600,"unit":"mmol/L"},` + limits,
			view.Value{Text: "600", Unit: "mmol/L", Flag: view.High, Range: "3.90–6.10"}, true, 97,
		},
		{
			"below", `"valueQuantity":{"value":1,"unit":"mmol/L"},` + limits,
			view.Value{Text: "1", Unit: "mmol/L", Flag: view.Low, Range: "3.90–6.10"}, true, 3,
		},
		{
			"the laboratory's word counts",
			`"interpretation":[{"coding":[{"code":"HH"}]}],"valueQuantity":{"value":5.00,"unit":"mmol/L"},` + limits,
			view.Value{Text: "5.00", Unit: "mmol/L", Flag: view.Critical, Range: "3.90–6.10"}, true, 50,
		},
		{
			"less than is not compared", `"valueQuantity":{"value":3,"comparator":"<","unit":"mmol/L"},` + limits,
			view.Value{Text: "<3", Unit: "mmol/L", Range: "3.90–6.10"}, true, 4.54,
		},
		{
			"limits in another unit are not compared", `"valueQuantity":{"value":90,"unit":"mg/dL"},` + limits,
			view.Value{Text: "90", Unit: "mg/dL", Range: "3.90–6.10"}, false, 0,
		},
		{"no range", `"valueQuantity":{"value":1.10,"code":"10*9/L"}`, view.Value{Text: "1.10", Unit: "×10⁹/L"}, false, 0},
		{
			"a range in words", `"valueQuantity":{"value":1},"referenceRange":[{"text":"阴性"}]`,
			view.Value{Text: "1", Range: "阴性"}, false, 0,
		},
		{
			"only an upper limit", `"valueQuantity":{"value":3},"referenceRange":[{"high":{"value":6}}]`,
			view.Value{Text: "3", Flag: view.Normal, Range: "≤ 6"}, true, 37.5,
		},
		{
			"a concept", `"valueCodeableConcept":{"coding":[{"code":"260385009","display":"阴性"}]}`,
			view.Value{Text: "阴性"}, false, 0,
		},
		{"words", `"valueString":"未见异常"`, view.Value{Text: "未见异常"}, false, 0},
		{"yes or no", `"valueBoolean":false`, view.Value{Code: "no"}, false, 0},
		{"no result, and why", `"dataAbsentReason":{"text":"标本溶血"}`, view.Value{Code: "absent"}, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := view.Of(version(t, observation(tt.rest)))
			if r.Unreadable || len(r.Values) != 1 {
				t.Fatalf("got %+v", r)
			}
			got := r.Values[0]
			if (got.Bar != nil) != tt.bar {
				t.Fatalf("bar: %+v", got.Bar)
			}
			if got.Bar != nil && (got.Bar.At < tt.at-0.1 || got.Bar.At > tt.at+0.1) {
				t.Errorf("drawn at %.2f, want %.2f", got.Bar.At, tt.at)
			}
			tt.want.Name, got.Bar = "血糖", nil
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestBloodPressureIsOneValue(t *testing.T) {
	component := func(code, value, unit string) string {
		return `{"code":{"coding":[{"code":"` + code + `"}]},"valueQuantity":{"value":` + value + `,"unit":"` + unit + `"}}`
	}
	pressure := func(components string) []view.Value {
		return view.Of(
			version(
				t,
				`{"resourceType":"Observation","id":"b","status":"final","code":{"text":"血压"},"component":[`+components+`]}`,
			),
		).Values
	}
	got := pressure(component("8462-4", "80", "mmHg") + "," + component("8480-6", "129", "mmHg"))
	if len(got) != 1 || got[0].Text != "129/80" || got[0].Unit != "mmHg" || got[0].Name != "血压" {
		t.Errorf("got %+v", got)
	}
	if got := pressure(component("8462-4", "80", "mmHg") + "," + component("8480-6", "17", "kPa")); len(got) != 2 {
		t.Errorf("two units were put into one value: %+v", got)
	}
}

func TestRecords(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte("检查所见：\n双肺清晰。"))
	for _, tt := range []struct {
		name, content string
		check         func(view.Record) bool
	}{
		{
			"entered in error",
			`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"entered-in-error"}]},` +
				`"code":{"text":"肺炎"}}`,
			func(r view.Record) bool { return r.Wrong && r.Title == "肺炎" }},
		{"a date as exact as written", `{"resourceType":"Condition","code":{"text":"肺炎"},"onsetDateTime":"2019-05"}`,
			func(r view.Record) bool { return r.When.Exact == "month" && r.When.Raw == "2019-05" }},
		{
			"a report's attached text",
			`{"resourceType":"DiagnosticReport","status":"final","code":{"text":"胸部CT"},` +
				`"conclusion":"未见异常","presentedForm":[{"contentType":"text/plain; charset=utf-8",` +
				`"data":"` + text + `"},{"contentType":"application/pdf","data":"` + text + `"}]}`,
			func(r view.Record) bool {
				return strings.Join(r.Text, "|") == "检查所见：|双肺清晰。" && r.Facts[0] == view.Fact{Label: "conclusion", Text: "未见异常"}
			}},
		{
			"a dosage in words",
			`{"resourceType":"MedicationRequest","status":"active","intent":"order",` +
				`"medicationCodeableConcept":{"text":"二甲双胍"},"dosageInstruction":[{"text":"每次0.5g，每日两次"}]}`,
			func(r view.Record) bool {
				return r.Title == "二甲双胍" && r.Status == "medication.active" && r.Facts[0].Text == "每次0.5g，每日两次"
			}},
		{
			"a dosage in parts",
			`{"resourceType":"MedicationRequest","status":"active","intent":"order",` +
				`"medicationReference":{"display":"二甲双胍"},"dosageInstruction":[{"route":{"text":"口服"},` +
				`"doseAndRate":[{"doseQuantity":{"value":0.50,"unit":"g"}}],"timing":{"repeat":{"frequency":2,"period":1,` +
				`"periodUnit":"d"}}}]}`,
			func(r view.Record) bool {
				return r.Title == "二甲双胍" && r.Facts[0].Text == "0.50 g，口服，2 × / 1 d"
			}},
		{
			"a visit named by its class",
			`{"resourceType":"Encounter","status":"in-progress","class":{"code":"EMER"},` +
				`"period":{"start":"2026-05-03T09:30:00+08:00"}}`,
			func(r view.Record) bool {
				return r.Title == "" && r.TitleCode == "class.EMER" && r.Status == "encounter.in-progress"
			}},
		{"a Chinese name in parts", `{"resourceType":"Patient","name":[{"family":"欧阳","given":["小","红"]}]}`,
			func(r view.Record) bool { return r.Title == "欧阳小红" }},
		{"a Latin name in parts", `{"resourceType":"Patient","name":[{"family":"Huels","given":["Ammie"]}]}`,
			func(r view.Record) bool { return r.Title == "Ammie Huels" }},
		{
			"numbers masked",
			`{"resourceType":"Patient","identifier":[{"system":"urn:oid:2.16.156.10011.1.3",` +
				`"value":"990000195803120260"},{"system":"urn:mrn","value":"12345678"}],"telecom":[{"system":"phone",` +
				`"value":"110"}]}`,
			func(r view.Record) bool {
				return len(r.Facts) == 2 && r.Facts[0].Text == "990***********0260" && r.Facts[1].Text == "***"
			}},
		{"a type without a view", `{"resourceType":"CarePlan","status":"active","intent":"plan","created":"2026-05-03"}`,
			func(r view.Record) bool { return !r.Unreadable && r.When.Raw == "2026-05-03" }},
		{
			"an element of the wrong type",
			`{"resourceType":"Observation","status":"final","code":{"text":"血糖"},"valueQuantity":{"value":5,` +
				`"comparator":7}}`,
			func(r view.Record) bool { return r.Unreadable && len(r.Values) == 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := view.Of(version(t, tt.content)); !tt.check(r) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestSections(t *testing.T) {
	versions := bundled(t, people.Demo(now)[0].Bundle)
	deleted := versions[0]
	deleted.Deleted, deleted.Content, deleted.Ref.ID = true, nil, "gone"
	sections := view.Sections(exchange.Listing{Versions: append(versions, deleted)})
	var kinds []consortium.Kind
	count := 0
	for _, s := range sections {
		kinds, count = append(kinds, s.Kind), count+s.Count
		for _, r := range append(s.First.Records, s.Rest.Records...) {
			if r.Unreadable || (r.Title == "" && r.TitleCode == "") {
				t.Errorf("%s has no name or cannot be read", r.Ref.Type)
			}
		}
	}
	if count != len(versions) || kinds[0] != consortium.Demographics {
		t.Errorf("%d records in %v, want %d", count, kinds, len(versions))
	}
}

// TestWhatIsTooLargeIsListed keeps the row of a record whose content is left out.
func TestWhatIsTooLargeIsListed(t *testing.T) {
	versions := bundled(t, people.Demo(now)[0].Bundle)[:1]
	versions[0].Content, versions[0].Omitted = nil, true
	sections := view.Sections(exchange.Listing{Versions: versions})
	if len(sections) != 1 || len(sections[0].First.Records) != 1 {
		t.Fatalf("%+v", sections)
	}
	r := sections[0].First.Records[0]
	if !r.Omitted || r.Unreadable || r.Ref != versions[0].Ref || !r.Recorded.Equal(versions[0].Recorded) {
		t.Errorf("%+v", r)
	}
}

// TestNothingIsLost: however records are grouped, each is on the page once, newest first.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "records")
		var versions []exchange.Version
		for i := range n {
			kind := rapid.SampledFrom(consortium.PatientKinds()).Draw(t, "kind")
			date := rapid.SampledFrom([]string{"", "2026-05-03", "2026-05-03T23:30:00+08:00", "2026-05", "2025", "nonsense"}).
				Draw(t, "date")
			value := rapid.SampledFrom([]string{"", `,"valueQuantity":{"value":1}`, `,"valueString":"x"`}).Draw(t, "value")
			id := string(rune('A'+i%26)) + strings.Repeat("x", i/26)
			versions = append(
				versions,
				exchange.Version{Kind: kind, Ref: exchange.RecordRef{Type: "Observation", ID: id}, Recorded: now,
					Content: []byte(
						`{"resourceType":"Observation","code":{"text":"` + id + `"},"effectiveDateTime":"` + date + `"` + value + `}`,
					)},
			)
		}
		seen := map[string]int{}
		for _, s := range view.Sections(exchange.Listing{Versions: versions}) {
			for _, part := range []view.Part{s.First, s.Rest} {
				if part.Count != len(part.Panels)+len(part.Records) {
					t.Fatalf("%d entries said to be %d", len(part.Panels)+len(part.Records), part.Count)
				}
				for _, r := range part.Records {
					seen[r.Ref.ID]++
				}
				for _, p := range part.Panels {
					for _, v := range p.Values {
						seen[v.Ref.ID]++
					}
				}
			}
		}
		for _, v := range versions {
			if seen[v.Ref.ID] != 1 {
				t.Fatalf("record %s is shown %d times", v.Ref.ID, seen[v.Ref.ID])
			}
		}
	})
}

// TestTrialData reads every record of other people's bundles and of HL7's examples. They stay outside the repository.
func TestTrialData(t *testing.T) {
	dir := os.Getenv("YILIAN_TRIAL_DATA")
	if dir == "" {
		dir = "../../../../../shared/data"
	}
	bundles, _ := filepath.Glob(filepath.Join(dir, "synthea", "*.json"))
	examples, _ := filepath.Glob(filepath.Join(dir, "r4-examples", "*.json"))
	if len(bundles) == 0 || len(examples) == 0 {
		t.Skipf("SKIPPED: there is no trial data in %s (set YILIAN_TRIAL_DATA)", dir)
	}
	read, named := 0, 0
	check := func(v exchange.Version) {
		r := view.Of(v)
		read++
		if r.Title != "" || r.TitleCode != "" {
			named++
		}
		if r.Unreadable {
			t.Errorf("%s/%s cannot be read", v.Ref.Type, v.Ref.ID)
		}
	}
	for _, name := range bundles {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range bundled(t, data) {
			check(v)
		}
	}
	for _, name := range examples {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if v := version(t, string(data)); v.Kind.Valid() {
			check(v)
		}
	}
	t.Logf("%d records read, %d with a name of their own", read, named)
}

func FuzzOf(f *testing.F) {
	for _, v := range bundled(f, people.Demo(now)[0].Bundle) {
		f.Add(v.Ref.Type, v.Content)
	}
	f.Fuzz(func(t *testing.T, typ string, content []byte) {
		r := view.Of(
			exchange.Version{
				Ref:      exchange.RecordRef{Type: typ, ID: "x"},
				Kind:     consortium.Observations,
				Recorded: now,
				Content:  content,
			},
		)
		for _, v := range r.Values {
			if b := v.Bar; b != nil && !(b.At >= 0 && b.At <= 100 && b.From >= 0 && b.To <= 100 && b.From < b.To) {
				t.Fatalf("drawn outside its bar: %+v", *b)
			}
		}
		if r.Ref.Type != typ || r.Ref.ID != "x" {
			t.Fatal("a record lost its address")
		}
	})
}

// pressureWith is a blood pressure whose components have limits.
func pressureWith(id, at, systolic, diastolic string) string {
	part := func(code, value, low, high string) string {
		return `{"code":{"coding":[{"system":"http://loinc.org","code":"` + code + `"}]},"valueQuantity":{"value":` + value +
			`,"unit":"mmHg"},"referenceRange":[{"low":{"value":` + low + `},"high":{"value":` + high + `}}]}`
	}
	return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"血压"},"effectiveDateTime":"` +
		at + `","component":[` + part("8480-6", systolic, "90", "139") + "," + part("8462-4", diastolic, "60", "89") + `]}`
}

// TestBloodPressureKeepsItsLimits: 186/112 without a flag was read as any other value.
func TestBloodPressureKeepsItsLimits(t *testing.T) {
	for values, want := range map[[2]string]view.Flag{
		{"186", "112"}: view.High, {"186", "80"}: view.High, {"120", "95"}: view.High, {"80", "50"}: view.Low,
		{"186", "50"}: view.Abnormal, {"120", "80"}: view.Normal,
	} {
		r := view.Of(version(t, pressureWith("b", "2026-05-03T09:30:00+08:00", values[0], values[1])))
		if len(r.Values) != 1 || r.Values[0].Flag != want || r.Values[0].Range != "90–139 / 60–89" {
			t.Errorf("%v: %+v, want %s", values, r.Values, want)
		}
	}
}

// TestDangerStandsFirstAndTimesAreTold: a critical value stood fifth, and two readings of a day without their times.
func TestDangerStandsFirstAndTimesAreTold(t *testing.T) {
	value := func(id, at, flag string) exchange.Version {
		return version(t, `{"resourceType":"Observation","id":"`+id+`","status":"final","code":{"text":"`+id+
			`"},"effectiveDateTime":"`+at+`","valueQuantity":{"value":1},"interpretation":[{"coding":[{"code":"`+flag+`"}]}]}`)
	}
	panel := func(versions ...exchange.Version) view.Panel {
		return view.Sections(exchange.Listing{Versions: versions})[0].First.Panels[0]
	}
	early, late := "2026-05-03T07:05:00+08:00", "2026-05-03T21:40:00+08:00"
	p := panel(value("a", late, "N"), value("b", late, "H"), value("c", early, "HH"), value("d", early, "N"))
	var order []string
	for _, v := range p.Values {
		order = append(order, v.Name+v.At.Time.Format(" 15:04"))
	}
	if got := strings.Join(order, ", "); got != "c 07:05, b 21:40, a 21:40, d 07:05" || p.When.Exact != "day" {
		t.Errorf("order %s on %s", got, p.When.Raw)
	}
	if p := panel(value("a", late, "N"), value("b", late, "N")); p.When.Exact != "time" || p.Values[0].At.Raw != "" {
		t.Errorf("one time for all belongs to the panel: %+v", p)
	}
}

// TestAllergiesAreNoDiagnoses: they stand first, whole, and the banner tells none from not reached.
func TestAllergiesAreNoDiagnoses(t *testing.T) {
	allergy := func(id, text, code, status string) exchange.Version {
		return version(t, `{"resourceType":"AllergyIntolerance","id":"`+id+`","clinicalStatus":{"coding":[{"code":"`+status+
			`"}]},"code":{"text":"`+text+`","coding":[{"code":"`+code+`"}]}}`)
	}
	list := []exchange.Version{
		version(t, `{"resourceType":"Condition","id":"c","code":{"text":"肺炎"}}`),
		allergy("a", "青霉素", "764146007", "active"), allergy("b", "磺胺", "1", "resolved"),
	}
	s := view.Sections(exchange.Listing{Versions: list, Totals: map[consortium.Kind]int{consortium.Diagnoses: 3}})
	if len(s) != 2 || !s[0].Allergies || s[0].ID() != "allergies" || len(s[0].First.Records) != 2 ||
		s[0].Total != 2 || s[1].Total != 1 {
		t.Fatalf("%+v", s)
	}
	asked := view.BannerKinds()
	if p := view.PersonOf(list, asked); len(p.Allergies) != 1 || p.Allergies[0].Title != "青霉素" || p.Missing {
		t.Errorf("%+v", p)
	}
	if p := view.PersonOf(list[:1], asked); len(p.Allergies) != 0 || p.Missing {
		t.Errorf("none recorded: %+v", p)
	}
	if p := view.PersonOf(nil, []consortium.Kind{consortium.Demographics}); !p.Missing {
		t.Error("allergies that nobody asked for pass for none")
	}
	none := view.PersonOf([]exchange.Version{allergy("n", "无已知过敏", "716186003", "active")}, asked)
	if len(none.NoneStated) != 1 || len(none.Allergies) != 0 {
		t.Errorf("stated to have none: %+v", none)
	}
}

// TestReportShowsItsValues: a report whose results are records of their own opened to an empty box.
func TestReportShowsItsValues(t *testing.T) {
	result := func(id, value, flag string) exchange.Version {
		return version(t, `{"resourceType":"Observation","id":"`+id+`","status":"final","code":{"text":"`+id+
			`"},"valueQuantity":{"value":`+value+`},"interpretation":[{"coding":[{"code":"`+flag+`"}]}]}`)
	}
	report := func(rest string) view.Record {
		return view.Of(version(t, `{"resourceType":"DiagnosticReport","id":"r","status":"final","code":{"text":"血常规"}`+rest+`}`))
	}
	r := report(`,"contained":[{"resourceType":"Observation","id":"o3","code":{"text":"内含"},"valueInteger":7}],"result":[` +
		`{"reference":"Observation/o1"},{"reference":"https://a.example/fhir/Observation/o2/_history/1"},` +
		`{"reference":"Observation/gone"},{"reference":"#o3"}]`)
	if len(r.Results) != 3 || r.Empty {
		t.Fatalf("%+v", r)
	}
	rs := []view.Record{r}
	view.Resolve(rs, []exchange.Version{result("o1", "1", "N"), result("o2", "2", "HH")})
	var got []string
	for _, v := range rs[0].Values {
		got = append(got, v.Name)
	}
	if strings.Join(got, " ") != "o2 内含 o1" || len(rs[0].Results) != 1 || rs[0].Results[0].ID != "gone" {
		t.Errorf("values %v, missing %v", got, rs[0].Results)
	}
	if !report("").Empty {
		t.Error("an empty report does not say so")
	}
	if r := report(`,"presentedForm":[{"contentType":"application/pdf","data":"AA=="}]`); r.Empty || len(r.Attached) != 1 {
		t.Errorf("a report that is a file: %+v", r)
	}
}

// TestCodesHaveWords: what only has a code is named by the dictionary, and a unit as on paper.
func TestCodesHaveWords(t *testing.T) {
	r := view.Of(version(t, `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[`+
		`{"system":"http://loinc.org","code":"2339-0"}]},"valueQuantity":{"value":120,"code":"mm[Hg]"}}`))
	want := view.Term{Chinese: "葡萄糖（血液）", English: "Glucose (blood)", Codes: "LOINC 2339-0"}
	if r.Term != want || r.Values[0].Term != want || r.Values[0].Unit != "mmHg" {
		t.Errorf("%+v", r)
	}
	for _, v := range bundled(t, people.Demo(now)[0].Bundle) {
		r := view.Of(v)
		for _, system := range []string{"LOINC", "ICD-10", "ATC"} {
			if strings.HasPrefix(r.Term.Codes, system) && (r.Term.Chinese == "" || r.Term.English == "") {
				t.Errorf("the demonstration's %s has no words", r.Term.Codes)
			}
		}
	}
}
