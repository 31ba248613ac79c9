package config

import (
	"os"
	"strings"
	"testing"
)

func example(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../gateway.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSampleFileIsValid(t *testing.T) {
	if _, err := Parse(strings.NewReader(example(t))); err != nil {
		t.Fatal(err)
	}
}

func TestBadConfigurationListsAllFaultsAtOnce(t *testing.T) {
	bad := strings.NewReplacer(
		"org: donghu", "org: Dong-Hu",
		"public_url: https://gateway.donghu", "public_url: http://gateway.donghu",
		"listen: 127.0.0.1:8081", "listen: nowhere",
		"kind: hospital", "kind: circus",
		"interval: 200ms", "interval: 1ms",
		"listen: 127.0.0.1:9464", "listen: metrics",
		"lookups_per_minute: 60", "lookups_per_minute: -1",
	).Replace(example(t))
	_, err := Parse(strings.NewReader(bad))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"org:", "public_url:", "listen:", "members[1].kind:", "log.interval:", "metrics.listen:",
		"limits.lookups_per_minute:", "members: this organisation",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("fault %q is not listed in:\n%v", want, err)
		}
	}
}

func TestMisspeltSettingIsAFault(t *testing.T) {
	_, err := Parse(strings.NewReader(example(t) + "\nlogs:\n  interval: 1s\n"))
	if err == nil || !strings.Contains(err.Error(), "logs") {
		t.Fatalf("got %v", err)
	}
}

func TestSchemaIsTheOrganisationsOwn(t *testing.T) {
	c, err := Parse(strings.NewReader(example(t)))
	if err != nil || c.Database.Schema != c.Org {
		t.Fatalf("schema %q, %v", c.Database.Schema, err)
	}
	for _, bad := range []string{"public", "shared", "pg_catalog", "a", `donghu,public`, `"donghu"`} {
		c.Database.Schema = bad
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "database.schema") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestPlainHTTPIsOnlyForLoopback(t *testing.T) {
	for url, ok := range map[string]bool{
		"http://127.0.0.1:8081": true, "http://localhost:8081": true, "https://a.example": true,
		"http://a.example": false, "http://10.0.0.1": false, "https://a.example/": false, "ftp://a": false, "": false,
	} {
		var f faults
		f.publicURL("u", url)
		if (len(f) == 0) != ok {
			t.Errorf("%q: faults %v", url, f)
		}
	}
}

func TestFaultsDoNotPrintTheDatabaseURL(t *testing.T) {
	bad := strings.Replace(example(t), "postgresql://yilian_donghu@", "mysql://yilian:geheim@", 1)
	_, err := Parse(strings.NewReader(bad))
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Fatalf("got %v", err)
	}
}
