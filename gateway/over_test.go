package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
)

// TestCopiesThatAreOverAreDeleted keeps two copies, of which one is over, on a machine whose clock is 40 days fast:
// what is over by the database's clock too is deleted, counted, and no alarm.
func TestCopiesThatAreOverAreDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	store := cockroach.NewReleases(h.app.db)
	patient := h.app.ring.Ref(idCard, "990000195803120260")
	keep := func(expires time.Time) string {
		id := uuid.NewString()
		entry, _, err := h.app.book().New(tlog.KindReceipt, time.Now(), id)
		h.must(err)
		sealed, err := h.app.ring.Seal(
			t.Context(), patient, logbook.Place("yilian/received/v2", "donghu", id), []byte(`{"reply":{},"opening":"AAAA"}`),
		)
		h.must(err)
		h.must(store.SaveReceived(t.Context(), "donghu", release.Received{
			ID: id, Actor: "dr-1", Patient: patient, Custodian: "qingshan", Sealed: sealed, Entry: entry,
			Created: time.Now().UTC().Truncate(time.Microsecond), Expires: expires.UTC().Truncate(time.Microsecond),
		}))
		return id
	}
	gone, good := keep(time.Now().Add(-time.Minute)), keep(time.Now().Add(time.Hour))
	h.app.now = func() time.Time { return time.Now().AddDate(0, 0, 40) }
	forgetting := &release.Forgetting{
		Org: "donghu", Store: store, Sealer: h.app.ring, Fresh: time.Minute, Logger: h.app.logger,
	}
	h.must(h.app.forgetOnce(t.Context(), forgetting))
	for id, want := range map[string]string{gone: "", good: "dr-1"} {
		if got, err := store.Received(t.Context(), "donghu", id); err != nil || got.Actor != want {
			t.Errorf("a copy is of %q, want %q: %v", got.Actor, want, err)
		}
	}
	h.app.watch.Once(t.Context())
	if alarms := h.app.watch.Status().Alarms; len(alarms) > 0 {
		t.Errorf("alarms: %+v", alarms)
	}
	w := httptest.NewRecorder()
	h.counts.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), `yilian_over_deleted_total{what="copies"} 1`) {
		t.Error("the metric does not count it")
	}
}
