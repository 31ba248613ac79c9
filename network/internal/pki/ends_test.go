package pki

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yilian.example/network/internal/durable"
)

// issued puts certificates into a directory: an authority's of today, and one below it that was made long ago.
func issued(t *testing.T, now time.Time) string {
	t.Helper()
	dir := t.TempDir()
	ca, err := NewAuthority("ca", "donghu", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	ca.now = func() time.Time { return now.Add(30*24*time.Hour + time.Hour - validity) }
	pair, err := ca.Issue(Request{CommonName: "peer", Org: "donghu", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	ca.now = func() time.Time { return now.Add(-time.Hour - validity) }
	gone, err := ca.Issue(Request{CommonName: "old", Org: "donghu", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		ca.Save(filepath.Join(dir, "tlsca")),
		pair.Save(filepath.Join(dir, "peer", "tls", "server.crt"), filepath.Join(dir, "peer", "tls", "key.pem")),
		durable.WriteFile(filepath.Join(dir, "peer", "data", "old.pem"), gone.Cert), // of a ledger
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCertificatesByTheirEnd(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	dir := issued(t, now)
	all, err := Certificates(dir)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %+v, %v, want the peer's and the authority's", all, err)
	}
	first, last := all[0], all[1]
	if first.File != filepath.Join(dir, "peer", "tls", "server.crt") || first.Days(now) != 30 || !first.Soon(now) {
		t.Errorf("first %+v, %d days", first, first.Days(now))
	}
	if last.File != filepath.Join(dir, "tlsca", "ca.crt") || last.Soon(now) {
		t.Errorf("last %+v, %d days", last, last.Days(now))
	}
}

// A start with a certificate that was over failed after a minute with "connection refused".
func TestDatesAreChecked(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	dir := issued(t, now)
	all, err := Certificates(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		at   time.Time
		want []string
	}{
		{"good", now, nil},
		{"over", now.Add(31 * 24 * time.Hour), []string{dir + "/peer/tls/server.crt ended on 2026-12-26 09:00 UTC"}},
		{"clock set back", now.AddDate(0, -1, 0), []string{"tlsca/ca.crt begins on 2026-11-26 07:00 UTC", "clock"}},
	} {
		err := CheckDates(all, tt.at)
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		for _, want := range tt.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.name, err, want)
			}
		}
	}
	many := []Certificate{all[0], all[0], all[0], all[0], all[0]}
	err = CheckDates(many, now.AddDate(1, 0, 0))
	if err == nil || !strings.Contains(err.Error(), "and 2 more") {
		t.Errorf("got %v", err)
	}
}

func TestDaysLeft(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]int{
		time.Hour: 0, 25 * time.Hour: 1, -time.Hour: -1, -25 * time.Hour: -2, 60 * 24 * time.Hour: 60,
	} {
		c := Certificate{Ends: now.Add(left)}
		if c.Days(now) != want {
			t.Errorf("%v: %d days, want %d", left, c.Days(now), want)
		}
	}
}
