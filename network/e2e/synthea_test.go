package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// chenYu is the person to whom the trial data's adults are given, so that there is somebody to consent for them.
const chenYu = "chen-yu"

// TestSyntheaBundlesTravel sends real bundles in at Donghu, has them witnessed, releases those of adults to Qingshan
// under consent, byte for byte, and verifies evidence of each.
func TestSyntheaBundlesTravel(t *testing.T) {
	files := trialBundles(t)
	ctx := within(t, 5*time.Minute)
	system := as(t, donghu, consortium.RoleSystem, "")
	kept := map[string][]byte{} // Type/id of what is to be released -> bytes as stored
	var samples []journey.Stored
	total, adults := 0, 0
	for _, file := range files {
		bundle, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		release := isAdult(t, bundle)
		if release {
			adults++
			bundle = identify(t, bundle)
		}
		stored, err := system.Bundle(ctx, bundle)
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		if want := entryCount(t, bundle); len(stored) != want {
			t.Fatalf("%s: %d of %d entries were acknowledged", filepath.Base(file), len(stored), want)
		}
		total += len(stored)
		samples = append(samples, stored[0], stored[len(stored)/2], stored[len(stored)-1])
		for _, s := range stored {
			if s.Type == "" {
				t.Fatalf("%s: an entry was not stored", filepath.Base(file))
			}
			if release {
				content, err := system.Read(ctx, s.Type, s.ID)
				if err != nil {
					t.Fatal(err)
				}
				kept[s.Type+"/"+s.ID] = content
			}
		}
	}
	if adults == 0 {
		t.Fatal("no bundle is of an adult")
	}
	state, err := system.WaitWitnessed(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf(
		"%d resources of %d bundles are witnessed, log of %d entries; %d are of adults, with %d resources to be released",
		total, len(files), state.Published, adults, len(kept),
	)
	for _, s := range samples {
		verify(t, system, s)
	}
	released := releaseAll(t, system)
	for name, content := range kept {
		got, ok := released[name]
		switch {
		case !ok && aboutNobody(content):
		case !ok:
			t.Errorf("%s was not released", name)
		case !bytes.Equal(got, content):
			t.Errorf("%s arrived with other bytes", name)
		}
	}
}

// visitQingshan puts 陈雨 into the care of Qingshan, so that its doctors may ask for what others hold.
func visitQingshan(t *testing.T) {
	t.Helper()
	const who = "urn:uuid:0e64a1c3-6a39-4a8a-8f13-2d4d5b2c0001"
	visit := fmt.Appendf(nil, `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":%[1]q,"request":{"method":"POST","url":"Patient"},
		 "resource":{"resourceType":"Patient","identifier":[{"system":%[2]q,"value":%[3]q}]}},
		{"request":{"method":"POST","url":"Encounter"},"resource":{"resourceType":"Encounter","status":"in-progress",
		 "class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},
		 "subject":{"reference":%[1]q},"period":{"start":%[4]q}}}]}`,
		who, people.IDCardSystem, people.ChenYuID, time.Now().UTC().Add(-time.Hour).Format(time.RFC3339))
	if _, err := as(t, qingshan, consortium.RoleSystem, "").Bundle(within(t, time.Minute), visit); err != nil {
		t.Fatal(err)
	}
}

// releaseAll lets 陈雨 consent to all kinds and returns what Qingshan's doctor then receives, kind by kind.
func releaseAll(t *testing.T, system *journey.Client) map[string][]byte {
	t.Helper()
	ctx := within(t, 3*time.Minute)
	visitQingshan(t)
	doctor := as(t, qingshan, consortium.RoleClinician, "")
	found, err := doctor.FindPatient(ctx, people.IDCardSystem, people.ChenYuID)
	if err != nil {
		t.Fatal(err)
	}
	person := as(t, donghu, consortium.RolePatient, chenYu)
	granted, err := person.Grant(ctx, journey.Choice{
		Recipient: qingshan, Purpose: consortium.Treatment, Kinds: consortium.PatientKinds(),
		Until: time.Now().Add(time.Hour), Lang: "zh",
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, h := range found.Holdings {
		if h.Org != donghu {
			continue
		}
		parts, err := doctor.WholeRelease(ctx, journey.Ask{
			Patient: found.Patient, Custodian: donghu, Purpose: consortium.Treatment, Kinds: []consortium.Kind{h.Kind},
		})
		if err != nil {
			t.Fatalf("release of %d %s: %v", h.Count, h.Kind, err)
		}
		for _, part := range parts {
			for _, r := range part.Records {
				out[r.Type+"/"+r.ID] = r.Content
			}
		}
	}
	if _, err := person.Withdraw(ctx, granted.ID); err != nil {
		t.Fatal(err)
	}
	return out
}

// verify gets the evidence file of a record and checks it with nothing but the members' roots.
func verify(t *testing.T, client *journey.Client, s journey.Stored) {
	t.Helper()
	file, err := client.Evidence(within(t, 30*time.Second), s.Type, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	report, err := evidence.Verify(file, ledgerRoots(t), evidence.Options{
		Quorum: 3, Chaincode: "yilian", Domain: under.Members[donghu].Config.Domain,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK || report.Statement.Type != s.Type || report.Statement.ID != s.ID {
		for _, step := range report.Steps {
			t.Log(step.OK, step.Words("en"))
		}
		t.Errorf("evidence of %s does not prove it", s.Type)
	}
}

func ledgerRoots(t *testing.T) evidence.Roots {
	t.Helper()
	files := map[string][]byte{}
	for _, m := range under.Members[donghu].Config.Members {
		content, err := os.ReadFile(m.LedgerCA)
		if err != nil {
			t.Fatal(err)
		}
		files[m.ID] = content
	}
	roots, err := evidence.ParseRoots(files)
	if err != nil {
		t.Fatal(err)
	}
	return roots
}

// trialBundles finds the bundles, which are not part of the project.
func trialBundles(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("YILIAN_TRIAL_DATA")
	if dir == "" {
		dir = filepath.Join(checkout, "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "synthea", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("SKIPPED: no trial data in %s; set YILIAN_TRIAL_DATA", dir)
	}
	return files
}

type trialBundle struct {
	Entry []struct {
		Resource struct {
			ResourceType string `json:"resourceType"`
			BirthDate    string `json:"birthDate"`
		} `json:"resource"`
	} `json:"entry"`
}

func entryCount(t *testing.T, bundle []byte) int {
	t.Helper()
	var b trialBundle
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	return len(b.Entry)
}

func isAdult(t *testing.T, bundle []byte) bool {
	t.Helper()
	var b trialBundle
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		if e.Resource.ResourceType == "Patient" {
			return e.Resource.BirthDate < "2000"
		}
	}
	return false
}

// identify adds 陈雨's identity number to the bundle's patient, and changes not one byte besides.
func identify(t *testing.T, bundle []byte) []byte {
	t.Helper()
	at := bytes.Index(bundle, []byte(`"resourceType": "Patient"`))
	if at < 0 {
		t.Fatal("bundle has no patient")
	}
	list := bytes.Index(bundle[at:], []byte(`"identifier": [`))
	if list < 0 {
		t.Fatal("bundle's patient has no identifier")
	}
	at += list + len(`"identifier": [`)
	number := fmt.Appendf(nil, `{"system":%q,"value":%q},`, people.IDCardSystem, people.ChenYuID)
	out := bytes.Join([][]byte{bundle[:at], number, bundle[at:]}, nil)
	if !json.Valid(out) {
		t.Fatal(errors.New("bundle was spoilt"))
	}
	return out
}

// aboutNobody reports whether a resource is of the directory, which is not released with a patient's records.
func aboutNobody(content []byte) bool {
	r, err := journey.ParseResource(content)
	return err == nil &&
		(r.ResourceType == "Organization" || r.ResourceType == "Practitioner" || r.ResourceType == "Location")
}
