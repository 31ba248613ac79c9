package fhir

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var spliceTime = time.Date(2026, 11, 21, 8, 0, 0, 123_456_789, time.FixedZone("", 8*3600))

func TestSplice(t *testing.T) {
	link := func(s string) (string, bool) {
		to, ok := map[string]string{"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90": "Patient/9"}[s]
		return to, ok
	}
	all := Edit{ID: "new", Version: 3, Updated: spliceTime, Link: link}
	const stamp = `"versionId":"3","lastUpdated":"2026-11-21T00:00:00.123Z"`
	for _, c := range []struct {
		name, body, want string
		edit             Edit
	}{
		{"nothing there", `{"resourceType":"Patient"}`, `{"resourceType":"Patient","id":"new","meta":{` + stamp + `}}`, all},
		{"everything there", `{"id":"old","meta":{"lastUpdated":"2020-01-01T00:00:00Z","versionId":"1"},"resourceType":"Patient"}`,
			`{"id":"new","meta":{"lastUpdated":"2026-11-21T00:00:00.123Z","versionId":"3"},"resourceType":"Patient"}`, all},
		{
			"meta of the sender", `{ "resourceType" : "Patient" , "meta" : { "source":"urn:x" } }`,
			`{ "resourceType" : "Patient","id":"new" , "meta" : {` + stamp + `, "source":"urn:x" } }`, all,
		},
		{
			"escaped id", `{"resourceType":"Patient","\u0069d":"\u0061"}`,
			`{"resourceType":"Patient","meta":{` + stamp + `},"\u0069d":"new"}`, all,
		},
		{"references", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"},"subject":{"reference":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"},"valueQuantity":{"value":1.00}}`,
			`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"},"subject":{"reference":"Patient/9"},"valueQuantity":{"value":1.00}}`, Edit{Link: link}},
		{"address in an extension", `{"resourceType":"Patient","extension":[{"url":"http://x","valueUri":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"}]}`,
			`{"resourceType":"Patient","extension":[{"url":"http://x","valueUri":"Patient/9"}]}`, Edit{Link: link}},
		{"reference in a contained resource", `{"resourceType":"Patient","contained":[{"resourceType":"Observation","id":"c","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"}}]}`,
			`{"resourceType":"Patient","contained":[{"resourceType":"Observation","id":"c","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/9"}}]}`, Edit{Link: link}},
		{"narrative", `{"resourceType":"Patient","text":{"status":"generated","div":"` + div + `<a href=\"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90\">x</a> urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90</div>"}}`,
			`{"resourceType":"Patient","text":{"status":"generated","div":"` + div + `<a href=\"Patient/9\">x</a> urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90</div>"}}`, Edit{Link: link}},
		{"nothing to do", ` {"resourceType":"Patient"} `, `{"resourceType":"Patient"}`, Edit{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, issues := Decode([]byte(c.body))
			if issues.Failed() {
				t.Fatal(issues)
			}
			got := r.Splice(c.edit)
			if string(got) != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if _, issues := Decode(got); issues.Failed() {
				t.Errorf("not valid any more: %v", issues)
			}
		})
	}
}

// TestSpliceChangesNothingElse writes the same resource, with the same odd spacing, once as received and once as it
// must become.
func TestSpliceChangesNothingElse(t *testing.T) {
	space := rapid.StringOfN(rapid.SampledFrom([]rune(" \t\n\r")), 0, 3, -1)
	text := rapid.SampledFrom([]string{"王秀兰", `\u738b`, `a\"b\\c`, "x:{}[],", `\/`, "id"})
	rapid.Check(t, func(rt *rapid.T) {
		var members []string
		gap := func(label string) string { return space.Draw(rt, label) }
		add := func(name, value string) {
			members = append(members, gap("a")+`"`+name+`"`+gap("b")+":"+gap("c")+value+gap("d"))
		}
		quoted := func() string { return `"` + text.Draw(rt, "text") + `"` }

		add("resourceType", `"Observation"`)
		add("id", `"@id@"`)
		metaMembers := []string{`"versionId":"@version@"`, `"lastUpdated"` + gap("e") + `:"@time@"`, `"source":"urn:x"`}
		add("meta", "{"+strings.Join(rapid.Permutation(metaMembers).Draw(rt, "meta"), ",")+gap("f")+"}")
		add("status", `"final"`)
		add("code", `{"text":`+quoted()+`,"coding":[`+gap("g")+`{"display":`+quoted()+`}]}`)
		add("subject", `{"display":`+quoted()+`,`+gap("h")+`"reference":`+gap("i")+`"@ref@"}`)
		add(
			"valueQuantity",
			`{"value":`+rapid.SampledFrom([]string{"1.00", "-0.0", "1e3", "100", "5.10E-02"}).Draw(rt, "number")+`}`,
		)
		add("note", `[{"text":`+quoted()+`}]`)
		whole := "{" + strings.Join(rapid.Permutation(members).Draw(rt, "order"), ",") + "}"

		fill := func(id, version, at, ref string) string {
			return strings.NewReplacer("@id@", id, "@version@", version, "@time@", at, "@ref@", ref).Replace(whole)
		}
		before := fill("old", "17", "1999-12-31T23:59:59Z", "urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90")
		want := fill("a.new-id", "2", Instant(spliceTime), "Patient/p")
		r, issues := Decode([]byte(gap("j") + before + gap("k")))
		if issues.Failed() {
			rt.Fatalf("%v in %s", issues, before)
		}
		got := r.Splice(Edit{ID: "a.new-id", Version: 2, Updated: spliceTime, Link: func(s string) (string, bool) {
			return "Patient/p", s == "urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"
		}})
		if string(got) != want {
			rt.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if string(r.Bytes()) != before {
			rt.Fatal("the received bytes changed")
		}
	})
}

// trialData finds the folder of trial data, which is not part of the project.
func trialData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("YILIAN_TRIAL_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: no trial data at %s; set YILIAN_TRIAL_DATA", dir)
	}
	return dir
}

// TestExamples reads HL7's own examples and the Synthea bundles and holds what is refused, and why, against a golden
// file. To write it anew: YILIAN_UPDATE=1 go test ./exchange/fhir
func TestExamples(t *testing.T) {
	dir := trialData(t)
	var out strings.Builder
	for _, folder := range []string{"r4-examples", "synthea"} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		accepted, warnings := 0, 0
		var refused []string
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, issues := Decode(raw)
			if !issues.Failed() {
				accepted, warnings = accepted+1, warnings+len(issues)
				continue
			}
			refused = append(
				refused,
				fmt.Sprintf(
					"  %s: %d issues, first at %s: %s\n", filepath.Base(file), len(issues), issues[0].Expression,
					issues[0].Diagnostics,
				),
			)
		}
		fmt.Fprintf(
			&out, "%s: %d files, %d accepted with %d warnings, %d refused\n%s", folder, len(files), accepted, warnings,
			len(refused), strings.Join(refused, ""),
		)
	}
	golden := filepath.Join("testdata", "examples.golden")
	if os.Getenv("YILIAN_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
