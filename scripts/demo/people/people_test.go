package people

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/fhir"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// validID checks a number by the formula of GB 11643 with its weights, which the generator does not use.
func validID(id string) bool {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	if len(id) != 18 {
		return false
	}
	sum := 0
	for i, w := range weights {
		sum += int(id[i]-'0') * w
	}
	return "10X98765432"[sum%11] == id[17]
}

func check(t testing.TB, p Person) *fhir.Bundle {
	t.Helper()
	if !validID(p.Identifier) || !strings.HasPrefix(p.Identifier, "99") {
		t.Fatalf("identity number of %s has a wrong check character or a possible area", p.Name)
	}
	if p.Identifier[6:14] != p.Birth.Format("20060102") || (p.Identifier[16]-'0')%2 == 0 != p.Female {
		t.Fatalf("identity number of %s disagrees with birth or sex", p.Name)
	}
	b, issues := fhir.DecodeBundle(p.Bundle)
	if b == nil || len(issues) > 0 {
		t.Fatalf("bundle: %v", issues)
	}
	for _, e := range b.Entries {
		if len(e.Issues) > 0 {
			t.Fatalf("%s: %v", e.Resource.Type, e.Issues)
		}
	}
	return b
}

func TestPeopleAreValidAndRepeatable(t *testing.T) {
	for seed := range uint64(25) {
		a, b := New(seed, now), New(seed, now)
		for range 3 {
			p, q := a.Patient(), b.Patient()
			if !bytes.Equal(p.Bundle, q.Bundle) || p.Identifier != q.Identifier {
				t.Fatal("the same seed gave different people")
			}
			check(t, p)
		}
	}
}

func TestPeopleDiffer(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(5) {
		g := New(seed, now)
		for range 60 {
			p := g.Patient()
			if seen[p.Identifier] {
				t.Fatal("an identity number was given twice")
			}
			seen[p.Identifier] = true
		}
	}
}

func TestDemo(t *testing.T) {
	want := []string{"王秀兰", "李建国", "陈雨"}
	ids := []string{WangXiulanID, LiJianguoID, ChenYuID}
	for i, p := range Demo(now) {
		if p.Name != want[i] || p.Identifier != ids[i] {
			t.Fatalf("person %d is %s", i, p.Name)
		}
		b := check(t, p)
		types := map[string]int{}
		inCare := false
		for _, e := range b.Entries {
			types[e.Resource.Type]++
			if start, end, ok := e.Resource.CareTime(); ok && start.Before(now) && end.IsZero() {
				inCare = true
			}
		}
		if !inCare {
			t.Errorf("%s has no encounter that lasts", p.Name)
		}
		for _, typ := range []string{
			"Patient", "Practitioner", "Encounter", "Condition", "Observation", "DiagnosticReport", "ImagingStudy",
			"MedicationRequest", "Immunization",
		} {
			if types[typ] == 0 {
				t.Errorf("%s has no %s", p.Name, typ)
			}
		}
		if strings.Contains(string(p.Bundle), `\ufffd`) || bytes.ContainsRune(p.Bundle, '\ufffd') {
			t.Errorf("%s: a name was split inside a character", p.Name)
		}
	}
}

// TestIdentityProviderAgrees holds the numbers against the seed of the development OpenID provider.
func TestIdentityProviderAgrees(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "network", "idp", "people.yaml"))
	if err != nil {
		t.Fatalf("read the identity provider's people: %v", err)
	}
	for _, id := range []string{IDCardSystem, WangXiulanID, LiJianguoID, ChenYuID} {
		if !bytes.Contains(raw, []byte(id)) {
			t.Errorf("network/idp/people.yaml does not name %s", id)
		}
	}
}
