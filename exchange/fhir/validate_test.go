package fhir

import (
	"strings"
	"testing"
)

const div = `<div xmlns=\"http://www.w3.org/1999/xhtml\">`

// TestDecode holds bodies against the first issue that they must give, as "code at place"; "" for none.
func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"least", `{"resourceType":"Patient"}`, ""},
		{"order and space do not matter", " {\n\"active\" : true,\"resourceType\":\"Patient\"} ", ""},
		{"escaped names", `{"\u0072esourceType":"Patient","\u0069d":"a"}`, ""},
		{"all primitive extensions", `{"resourceType":"Patient","birthDate":"1958-03-12","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1958-03-12T08:00:00+08:00"}]}}`, ""},
		{"extension without value", `{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`, ""},
		{
			"null filled by an extension", `{"resourceType":"Patient","name":[{"given":["秀",null],"_given":[null,{"id":"x"}]}]}`,
			"",
		},
		{"required met by an extension", `{"resourceType":"Observation","_status":{"id":"x"},"code":{"text":"x"}}`, ""},
		{"contained and referred to", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}}`, ""},
		{"contained refers to its container", `{"resourceType":"Patient","contained":[{"resourceType":"Provenance","recorded":"2026-11-21T08:00:00Z","target":[{"reference":"#"}],"agent":[{"who":{"display":"x"}}]}]}`, ""},
		{
			"decimal with exponent",
			`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00e-2}}`, "",
		},
		{"item in item", `{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"1","item":[{"linkId":"2","answer":[{"valueBoolean":true}]}]}]}`, ""},

		{"not JSON", `{"resourceType":"Patient",}`, "invalid at "},
		{"lone surrogate", `{"resourceType":"Patient","id":"\ud800"}`, "invalid at "},
		{"bad escape", `{"resourceType":"Patient","id":"\x"}`, "invalid at "},
		{"leading zero", `{"resourceType":"Patient","multipleBirthInteger":01}`, "invalid at "},
		{"bare point", `{"resourceType":"Observation","valueQuantity":{"value":1.}}`, "invalid at "},
		{"tab in a string", "{\"resourceType\":\"Patient\",\"id\":\"a\tb\"}", "invalid at "},
		{"byte order mark", "\ufeff{\"resourceType\":\"Patient\"}", "invalid at "},
		{"null", `null`, "structure at "},
		{"no type", `{"id":"a"}`, "structure at "},
		{"type not text", `{"resourceType":1}`, "structure at "},
		{"type in lower case", `{"resourceType":"patient"}`, "not-supported at "},
		{"a data type", `{"resourceType":"HumanName"}`, "not-supported at "},
		{"type twice", `{"resourceType":"Patient","resourceType":"Patient"}`, "structure at Patient"},
		{"unknown element", `{"resourceType":"Patient","nickname":"x"}`, "structure at Patient"},
		{"unknown element inside", `{"resourceType":"Patient","name":[{"nick":"x"}]}`, "structure at Patient.name[0]"},
		{"element twice", `{"resourceType":"Patient","id":"a","\u0069d":"b"}`, "structure at Patient.id"},
		{
			"extension twice", `{"resourceType":"Patient","_gender":{"id":"x"},"_gender":{"id":"y"}}`,
			"structure at Patient.gender",
		},
		{"extension of a complex element", `{"resourceType":"Patient","_name":{"id":"x"}}`, "structure at Patient"},
		{
			"two of a choice", `{"resourceType":"Patient","deceasedBoolean":false,"deceasedDateTime":"2020"}`,
			"structure at Patient.deceased",
		},
		{
			"extension of another choice", `{"resourceType":"Patient","deceasedBoolean":false,"_deceasedDateTime":{"id":"x"}}`,
			"structure at Patient.deceased",
		},
		{"not a type of the choice", `{"resourceType":"Patient","deceasedString":"x"}`, "structure at Patient"},
		{"choice without a type", `{"resourceType":"Patient","deceased":true}`, "structure at Patient"},
		{"required is missing", `{"resourceType":"Observation","status":"final"}`, "required at Observation"},
		{"required is missing inside", `{"resourceType":"Patient","link":[{"type":"refer"}]}`, "required at Patient.link[0]"},
		{"one where many", `{"resourceType":"Patient","name":{"text":"x"}}`, "structure at Patient.name"},
		{"many where one", `{"resourceType":"Patient","gender":["male"]}`, "structure at Patient.gender"},
		{"empty array", `{"resourceType":"Patient","name":[]}`, "structure at Patient.name"},
		{"empty object", `{"resourceType":"Patient","name":[{}]}`, "structure at Patient.name[0]"},
		{"empty string", `{"resourceType":"Patient","name":[{"text":""}]}`, "value at Patient.name[0].text"},
		{"null value", `{"resourceType":"Patient","gender":null}`, "structure at Patient.gender"},
		{
			"null without extension", `{"resourceType":"Patient","name":[{"given":[null]}]}`,
			"structure at Patient.name[0].given[0]",
		},
		{
			"null on both sides", `{"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"x"},null]}]}`,
			"structure at Patient.name[0].given[1]",
		},
		{
			"values and extensions differ in number",
			`{"resourceType":"Patient","name":[{"given":["a"],"_given":[null,{"id":"x"}]}]}`,
			"structure at Patient.name[0].given",
		},
		{"text for boolean", `{"resourceType":"Patient","active":"true"}`, "structure at Patient.active"},
		{
			"text for number",
			`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":"5.1"}}`,
			"structure at Observation.value.value",
		},
		{"fraction for integer", `{"resourceType":"Patient","multipleBirthInteger":1.0}`, "value at Patient.multipleBirth"},
		{
			"integer too large", `{"resourceType":"Patient","multipleBirthInteger":2147483648}`,
			"value at Patient.multipleBirth",
		},
		{"not positive", `{"resourceType":"Patient","telecom":[{"rank":0}]}`, "value at Patient.telecom[0].rank"},
		{"code not of the set", `{"resourceType":"Patient","gender":"女"}`, "code-invalid at Patient.gender"},
		{"bad id", `{"resourceType":"Patient","id":"a b"}`, "value at Patient.id"},
		{"bad date", `{"resourceType":"Patient","birthDate":"1958-3-12"}`, "value at Patient.birthDate"},
		{
			"not a reference", `{"resourceType":"Patient","managingOrganization":{"reference":"the lab"}}`,
			"value at Patient.managingOrganization",
		},
		{
			"reference to a wrong type", `{"resourceType":"Patient","managingOrganization":{"reference":"Patient/1"}}`,
			"value at Patient.managingOrganization",
		},
		{
			"local reference to nothing", `{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}`,
			"invariant at Patient.managingOrganization",
		},
		{"local reference to a wrong type", `{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"o"}],"managingOrganization":{"reference":"#o"}}`, "value at Patient.managingOrganization"},
		{"contained in contained", `{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a","contained":[{"resourceType":"Patient","id":"b"}]}]}`, "invariant at Patient.contained[0].contained[0]"},
		{
			"contained twice",
			`{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a"},{"resourceType":"Patient","id":"a"}]}`,
			"invariant at Patient",
		},
		{
			"fault in contained", `{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a","gender":"x"}]}`,
			"code-invalid at Patient.contained[0].gender",
		},
		{
			"extension without value", `{"resourceType":"Patient","extension":[{"url":"http://x"}]}`,
			"invariant at Patient.extension[0]",
		},
		{"period backwards", `{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-02-02","end":"2026-02-01"}}`, "invariant at Encounter.period"},
		{"abated and active", `{"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"abatementDateTime":"2020"}`, "invariant at Condition"},
		{
			"script", `{"resourceType":"Patient","text":{"status":"generated","div":"` + div + `<script>x</script></div>"}}`,
			"value at Patient.text.div",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := Decode([]byte(c.body))
			got := ""
			if len(issues) > 0 {
				got = issues[0].Code + " at " + issues[0].Expression
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %v", got, c.want, issues)
			}
		})
	}
}

// TestIssuesQuoteNoContent sends content in every place where a careless message would repeat it.
func TestIssuesQuoteNoContent(t *testing.T) {
	const secret = "SecretDiagnosis机密"
	for _, body := range []string{
		`{"resourceType":"` + secret + `"}`,
		`{"resourceType":"Patient","` + secret + `":1}`,
		`{"resourceType":"Patient","_` + secret + `":1}`,
		`{"resourceType":"Patient","gender":"` + secret + `"}`,
		`{"resourceType":"Patient","birthDate":"` + secret + `"}`,
		`{"resourceType":"Patient","active":"` + secret + `"}`,
		`{"resourceType":"Patient","managingOrganization":{"reference":"` + secret + ` x"}}`,
		`{"resourceType":"Patient","managingOrganization":{"reference":"#` + secret + `"}}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"` + secret + `"}}`,
		`{"resourceType":"Patient","name":` + secret,
	} {
		_, issues := Decode([]byte(body))
		if !issues.Failed() {
			t.Errorf("accepted: %s", body)
		}
		if strings.Contains(string(Outcome(issues)), "机密") {
			t.Errorf("quoted content: %s", Outcome(issues))
		}
	}
}

func TestManyFaultsEnd(t *testing.T) {
	for name, body := range map[string]string{
		"same name": `{"resourceType":"Patient"` + strings.Repeat(`,"id":"a"`, 200000) + `}`,
		"nulls":     `{"resourceType":"Patient","name":[{"given":[null` + strings.Repeat(`,null`, 200000) + `]}]}`,
		"unknown":   `{"resourceType":"Patient"` + strings.Repeat(`,"a":1`, 200000) + `}`,
	} {
		_, issues := Decode([]byte(body))
		if !issues.Failed() || len(issues) > maxIssues+1 {
			t.Errorf("%s: %d issues", name, len(issues))
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(n int) string {
		return `{"resourceType":"Patient","extension":[` + strings.Repeat(
			`{"url":"http://x","extension":[`,
			n,
		) + `{"url":"http://x","valueBoolean":true}` + strings.Repeat(
			`]}`,
			n,
		) + `]}`
	}
	if _, issues := Decode([]byte(nested(28))); issues.Failed() {
		t.Errorf("28 levels: %v", issues)
	}
	if _, issues := Decode([]byte(nested(40))); len(issues) != 1 || issues[0].Code != CodeInvalid {
		t.Errorf("40 levels: %v", issues)
	}
}

func TestNarrative(t *testing.T) {
	const head = `<div xmlns="http://www.w3.org/1999/xhtml">`
	for text, want := range map[string]bool{
		head + `x</div>`: true,
		head + `<p class="a">血压 &lt; 140 &amp; 稳定<br/></p></div>`:     true,
		head + `<img src="#pic" alt=""/></div>`:                       true,
		head + `<a href="http://a.example/?q=a:b">x</a></div>`:        true,
		head + `<a href="Patient/1">x</a></div>`:                      true,
		head + `<!-- note -->x</div>`:                                 true,
		`<div xmlns='http://www.w3.org/1999/xhtml' lang="zh">x</div>`: true,
		head + `</div>`:          false,
		head + ` <p> </p></div>`: false,
		`<div>x</div>`:           false,
		`x`:                      false,
		``:                       false,
		head + `x`:               false,
		head + `x</div>y`:        false,
		head + `x</div><div xmlns="http://www.w3.org/1999/xhtml"/>`: false,
		head + `<p>x</div>`:                                            false,
		head + `<script>x</script></div>`:                              false,
		head + `<SCRIPT>x</SCRIPT></div>`:                              false,
		head + `<p onclick="x()">x</p></div>`:                          false,
		head + `<a href="javascript:x()">x</a></div>`:                  false,
		head + `<a href="JavaScript:x()">x</a></div>`:                  false,
		head + `<a href="java&#115;cript:x()">x</a></div>`:             false,
		head + `<a href="javascript&colon;x()">x</a></div>`:            false,
		head + `<a href=" javascript:x()">x</a></div>`:                 false,
		head + `<img src="data:text/html,x"/></div>`:                   false,
		head + `<iframe src="http://a.example"/>x</div>`:               false,
		head + `<form>x</form></div>`:                                  false,
		head + `<svg/>x</div>`:                                         false,
		head + `<p title="a" title="b">x</p></div>`:                    false,
		head + `<p title=a>x</p></div>`:                                false,
		head + `<p title="a<b">x</p></div>`:                            false,
		head + `a & b</div>`:                                           false,
		head + `<![CDATA[x]]></div>`:                                   false,
		`<!DOCTYPE html>` + head + `x</div>`:                           false,
		`<div xmlns="http://www.w3.org/1999/xhtml"xmlns:a="b">x</div>`: false,
	} {
		if validNarrative([]byte(text)) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for name, cases := range map[string]map[string]bool{
		"date": {
			"2026": true, "2026-02": true, "2024-02-29": true, "2026-02-29": false, "2026-13": false, "0000": false,
			"2026-1-1": false, "2026-01-01T00:00:00Z": false,
		},
		"dateTime": {
			"2026": true, "2026-02-28": true, "2026-02-28T08:00:00+08:00": true, "2026-02-28T08:00:00.123Z": true,
			"2026-02-28T08:00:00": false, "2026-02-28T08:00Z": false, "2026-02-28T24:00:00Z": false,
			"2026-02-28T08:00:00+15:00": false, "2026-02T08:00:00Z": false, "2016-12-31T23:59:60Z": true,
			"2026-02-28 08:00:00Z": false,
		},
		"instant": {"2026-02-28T08:00:00Z": true, "2026-02-28": false},
		"time":    {"08:00:00": true, "08:00:00.5": true, "08:00": false, "08:00:00Z": false, "08:00:00.": false},
		"code":    {"a": true, "a b": true, " a": false, "a ": false, "a  b": false, "": false, "a\tb": false},
		"id": {
			"a-B.9": true, "": false, "a_b": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		},
		"uri": {"http://x": true, "urn:oid:1.2": true, "x": true, "a b": false, "": false},
		"oid": {
			"urn:oid:2.16.156": true, "urn:oid:3.1": false, "urn:oid:1.02": false, "2.16.156": false, "urn:oid:2.": false,
			"urn:oid:2": false,
		},
		"uuid": {
			"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90": true, "urn:uuid:1B6E2A52-2c4e-4a6e-9d8e-1f1d3c5b7a90": false,
			"1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90": false,
		},
		"base64Binary": {
			"YQ==": true, "YWJj": true, "Y Q = =": true, "YQ": false, "Y===": false, "YQ=a": false, "": false, "Y-==": false,
		},
		"integer": {
			"0": true, "-1": true, "2147483647": true, "-2147483648": true, "2147483648": false, "1e2": false, "-0": false,
		},
		"unsignedInt": {"0": true, "-1": false},
		"positiveInt": {"1": true, "0": false},
		"decimal":     {"1.00": true, "1e-9": true, "1e99999": true, "1e-999999": false},
		"string":      {"a\nb": true, "a\u0001": false, "": false},
	} {
		for text, want := range cases {
			if formats[name].valid([]byte(text)) != want {
				t.Errorf("%s %q: want %v", name, text, want)
			}
		}
	}
}

func TestParseReference(t *testing.T) {
	for text, want := range map[string]Reference{
		"Patient/1":                            {Type: "Patient", ID: "1"},
		"Patient/1/_history/2":                 {Type: "Patient", ID: "1", Version: "2"},
		"https://a.example/fhir/Patient/1":     {Base: "https://a.example/fhir/", Type: "Patient", ID: "1"},
		"#p":                                   {Local: "p"},
		"#":                                    {Self: true},
		"urn:oid:1.2.3":                        {Other: "urn:oid:1.2.3"},
		"Patient?identifier=a|b":               {Type: "Patient", Query: "identifier=a|b"},
		"http://a.example/x":                   {Other: "http://a.example/x"},
		"https://a.example/Patient/1/_history": {Other: "https://a.example/Patient/1/_history"},
	} {
		if got, ok := ParseReference(text); !ok || got != want {
			t.Errorf("%s: %+v %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "Patient", "patient/1", "Patient/a b", "/Patient/1", "Patient/", "#a b", "urn:", "Patient?", "fhir/Patient/1",
	} {
		if got, ok := ParseReference(text); ok {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}

func TestParseCriteria(t *testing.T) {
	for query, want := range map[string]Identifier{
		"identifier=urn:a|1":        {System: "urn:a", Value: "1"},
		"?identifier=urn:a%7C1%202": {System: "urn:a", Value: "1 2"},
	} {
		if got, ok := ParseCriteria(query); !ok || got != want {
			t.Errorf("%s: %+v %v", query, got, ok)
		}
	}
	for _, query := range []string{
		"", "identifier=", "identifier=a", "identifier=|a", "identifier=a|", "name=x", "identifier=a|b&name=x",
		"identifier=a|b,c|d", "identifier=%zz",
	} {
		if _, ok := ParseCriteria(query); ok {
			t.Errorf("%q: accepted", query)
		}
	}
}

// Whoever sends a byte order mark is told so: "not valid JSON" alone would not be believed.
func TestByteOrderMarkIsNamed(t *testing.T) {
	_, issues := Decode([]byte("\ufeff{\"resourceType\":\"Patient\"}"))
	if len(issues) != 1 || !strings.Contains(issues[0].Diagnostics, "byte order mark") {
		t.Errorf("%+v", issues)
	}
}
