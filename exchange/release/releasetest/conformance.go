package releasetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
	"yilian.example/exchange/tlog"
)

// Backend is a store of both sides with what other parts of a gateway do to it: consents come and go, and what is
// logged waits for its place.
type Backend interface {
	release.AnsweringStore
	release.AskingStore
	// Due, KeepReceipt and ForgetRequests are as in release.ForgettingStore.
	Due(
		ctx context.Context, org consortium.OrgID, before time.Time, after release.Due, limit int,
	) ([]release.Due, error)
	KeepReceipt(ctx context.Context, org consortium.OrgID, id string, sealed []byte) error
	ForgetRequests(ctx context.Context, org consortium.OrgID, before time.Time, limit int) (int, error)
	Grant(
		ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, id string, from, until time.Time,
	) error
	Withdraw(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, id string) error
	// Logged returns the ids of all log entries of an organisation, in any order.
	Logged(ctx context.Context, org consortium.OrgID) ([]string, error)
}

// The suite's members: who keeps, and two others.
const (
	here  consortium.OrgID = "donghu"
	asker consortium.OrgID = "qingshan"
	third consortium.OrgID = "anhe"
)

// begin is a whole microsecond, as databases keep.
var begin = time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)

var anna, bo = patient(1), patient(2)

// consentID is of the form that the consent domain gives them.
const consentID = "6f1c8a523f0e4a2b9d530d9e8a7b6c5d6f1c8a523f0e4a2b9d530d9e8a7b6c5d"

func patient(n int) consortium.PatientRef {
	return consortium.NewPatientRef(make([]byte, 32), "urn:test", fmt.Sprint(n))
}

// Conformance checks that a store keeps what the ports of release promise. Each call of open gives a fresh, empty
// store.
func Conformance(t *testing.T, open func(t *testing.T) Backend) {
	for name, check := range map[string]func(*testing.T, Backend){
		"a request id is used once":                 requestsOnce,
		"of copies of a request at once one is new": oneCopyWins,
		"a release is kept with its log entry":      keepsRelease,
		"a request is answered once":                answersOnce,
		"a release wants its consent to hold":       wantsConsent,
		"a release that was stopped can be refused": refusesAfterStop,
		"a received answer is kept with its entry":  keepsReceived,
		"a received answer is kept once":            receivesOnce,
		"what was not received is not found":        notReceived,
		"another organisation's answers are not":    othersNotFound,
		"a copy is due when its time is over":       copiesFallDue,
		"of a copy that is over stays the receipt":  keepsReceipt,
		"old request ids are let go of":             forgetsRequests,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind checks the kind of an error that must be there.
func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("%s: %v, want kind %d", what, err, want)
	}
}

// wantLogged wants exactly these entries in an organisation's log.
func wantLogged(t *testing.T, b Backend, org consortium.OrgID, want ...logbook.Entry) {
	t.Helper()
	got, err := b.Logged(t.Context(), org)
	must(t, err)
	ids := make([]string, len(want))
	for i, e := range want {
		ids[i] = e.ID
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%s logged %v, want %v", org, got, ids)
	}
}

func entry(kind string) logbook.Entry {
	id := uuid.New()
	return logbook.Entry{ID: id.String(), Kind: kind, Leaf: tlog.NewLeaf(kind, begin, sha256.Sum256(id[:])), At: begin}
}

// handedOver is a release of anna's records under no consent.
func handedOver(request string) release.HandedOver {
	return release.HandedOver{
		Request: request, Recipient: asker, Patient: anna, Allowed: true, At: begin, Sealed: []byte("sealed"),
		Created: begin, Entry: entry(tlog.KindRelease),
	}
}

func received(id string) release.Received {
	return release.Received{
		ID: id, Actor: "dr-1", Patient: anna, Custodian: asker, Allowed: true, Sealed: []byte("sealed " + id),
		Created: begin, Expires: begin.Add(time.Hour), Entry: entry(tlog.KindReceipt),
	}
}

func requestsOnce(t *testing.T, b Backend) {
	id := uuid.NewString()
	must(t, b.ReserveRequest(t.Context(), here, asker, id, begin))
	for what, at := range map[string]time.Time{"again": begin, "a year later": begin.AddDate(1, 0, 0)} {
		wantKind(t, what, b.ReserveRequest(t.Context(), here, asker, id, at), fault.Conflict)
	}
	must(t, b.ReserveRequest(t.Context(), here, third, id, begin))
	must(t, b.ReserveRequest(t.Context(), third, asker, id, begin))
	must(t, b.ReserveRequest(t.Context(), here, asker, uuid.NewString(), begin))
	wantKind(t, "after others", b.ReserveRequest(t.Context(), here, asker, id, begin), fault.Conflict)
}

func oneCopyWins(t *testing.T, b Backend) {
	const copies = 8
	id, start, errs := uuid.NewString(), make(chan struct{}), make(chan error, copies)
	for range copies {
		go func() {
			<-start
			errs <- b.ReserveRequest(t.Context(), here, asker, id, begin)
		}()
	}
	close(start)
	won := 0
	for range copies {
		err := <-errs
		if err == nil {
			won++
			continue
		}
		wantKind(t, "another copy", err, fault.Conflict)
	}
	if won != 1 {
		t.Errorf("%d copies were new", won)
	}
}

func keepsRelease(t *testing.T, b Backend) {
	ours, refusal, theirs := handedOver(uuid.NewString()), handedOver(uuid.NewString()), handedOver(uuid.NewString())
	refusal.Patient, refusal.Allowed = "", false // about a person on whom nothing is held
	must(t, b.SaveRelease(t.Context(), here, ours))
	must(t, b.SaveRelease(t.Context(), here, refusal))
	must(t, b.SaveRelease(t.Context(), third, theirs))
	wantLogged(t, b, here, ours.Entry, refusal.Entry)
	wantLogged(t, b, third, theirs.Entry)
}

func answersOnce(t *testing.T, b Backend) {
	first := handedOver(uuid.NewString())
	must(t, b.SaveRelease(t.Context(), here, first))
	again, refusal := handedOver(first.Request), handedOver(first.Request)
	refusal.Allowed = false
	for what, h := range map[string]release.HandedOver{"again": again, "refused after all": refusal} {
		wantKind(t, what, b.SaveRelease(t.Context(), here, h), fault.Conflict)
	}
	wantLogged(t, b, here, first.Entry)
	elsewhere := handedOver(first.Request)
	must(t, b.SaveRelease(t.Context(), third, elsewhere))
	wantLogged(t, b, third, elsewhere.Entry)
}

// under is a release under the suite's consent at a time.
func under(at time.Time) release.HandedOver {
	h := handedOver(uuid.NewString())
	h.Consent, h.At = consentID, at
	return h
}

// wantEnded wants a release to be stopped, with nothing kept of it.
func wantEnded(t *testing.T, b Backend, what string, h release.HandedOver) {
	t.Helper()
	before, err := b.Logged(t.Context(), here)
	must(t, err)
	if err := b.SaveRelease(t.Context(), here, h); !errors.Is(err, exchange.ErrConsentEnded) {
		t.Errorf("%s: %v, want ErrConsentEnded", what, err)
	}
	if after, err := b.Logged(t.Context(), here); err != nil || len(after) != len(before) {
		t.Errorf("%s: %d log entries were %d, %v", what, len(after), len(before), err)
	}
}

func wantsConsent(t *testing.T, b Backend) {
	wantEnded(t, b, "never given", under(begin))
	until := begin.Add(time.Hour)
	must(t, b.Grant(t.Context(), here, anna, consentID, begin, until))
	wantEnded(t, b, "before it begins", under(begin.Add(-time.Microsecond)))
	wantEnded(t, b, "when it ends", under(until))
	others, another := under(begin), under(begin)
	others.Patient, another.Consent = bo, "7"+consentID[1:]
	wantEnded(t, b, "another patient's", others)
	wantEnded(t, b, "another one", another)
	if err := b.SaveRelease(t.Context(), third, under(begin)); !errors.Is(err, exchange.ErrConsentEnded) {
		t.Errorf("given to another custodian: %v", err)
	}
	must(t, b.SaveRelease(t.Context(), here, under(begin)))
	must(t, b.SaveRelease(t.Context(), here, under(until.Add(-time.Microsecond))))
	must(t, b.Withdraw(t.Context(), here, anna, consentID))
	wantEnded(t, b, "withdrawn", under(begin))
}

// refusesAfterStop: the same request is decided again, and that it was refused then is kept.
func refusesAfterStop(t *testing.T, b Backend) {
	stopped := under(begin)
	wantEnded(t, b, "without a consent", stopped)
	refusal := handedOver(stopped.Request)
	refusal.Allowed = false
	must(t, b.SaveRelease(t.Context(), here, refusal))
	wantLogged(t, b, here, refusal.Entry)
}

// wantReceived compares an answer with what was saved, as far as stores give it back.
func wantReceived(t *testing.T, b Backend, want release.Received) {
	t.Helper()
	want.Entry = logbook.Entry{}
	got, err := b.Received(t.Context(), here, want.ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, answer differs (-want +got):\n%s", err, diff)
	}
}

func keepsReceived(t *testing.T, b Backend) {
	first, refusal := received(uuid.NewString()), received(uuid.NewString())
	refusal.Allowed, refusal.Actor, refusal.Patient, refusal.Custodian = false, "dr-2", bo, third
	must(t, b.SaveReceived(t.Context(), here, first))
	must(t, b.SaveReceived(t.Context(), here, refusal))
	wantReceived(t, b, first)
	wantReceived(t, b, refusal)
	wantLogged(t, b, here, first.Entry, refusal.Entry)
}

func receivesOnce(t *testing.T, b Backend) {
	first := received(uuid.NewString())
	must(t, b.SaveReceived(t.Context(), here, first))
	again := received(first.ID)
	again.Actor, again.Expires = "dr-2", begin.AddDate(1, 0, 0)
	wantKind(t, "again", b.SaveReceived(t.Context(), here, again), fault.Conflict)
	wantReceived(t, b, first)
	wantLogged(t, b, here, first.Entry)
}

// notReceived: an id is a plain lower-case UUID, and what is written in another way is the id of nothing. It comes from
// whoever asks, and must never look like damage in the store.
func notReceived(t *testing.T, b Backend) {
	r := received("a" + uuid.NewString()[1:])
	must(t, b.SaveReceived(t.Context(), here, r))
	for what, id := range map[string]string{
		"another": uuid.NewString(), "in upper case": strings.ToUpper(r.ID), "in braces": "{" + r.ID + "}",
		"as a URN": "urn:uuid:" + r.ID, "without dashes": strings.ReplaceAll(r.ID, "-", ""), "no UUID": "1", "empty": "",
	} {
		got, err := b.Received(t.Context(), here, id)
		wantKind(t, what, err, fault.NotFound)
		if got.Sealed != nil {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func othersNotFound(t *testing.T, b Backend) {
	theirs := received(uuid.NewString())
	must(t, b.SaveReceived(t.Context(), third, theirs))
	_, err := b.Received(t.Context(), here, theirs.ID)
	wantKind(t, "another organisation's", err, fault.NotFound)
	ours := received(theirs.ID)
	must(t, b.SaveReceived(t.Context(), here, ours))
	wantReceived(t, b, ours)
	wantLogged(t, b, third, theirs.Entry)
}

// wantDue wants exactly these to be due, and returns the last.
func wantDue(
	t *testing.T, b Backend, at time.Time, after release.Due, limit int, want ...release.Received,
) release.Due {
	t.Helper()
	got, err := b.Due(t.Context(), here, at, after, limit)
	must(t, err)
	if len(got) != len(want) {
		t.Fatalf("%d are due, want %d", len(got), len(want))
	}
	var last release.Due
	for i, d := range got {
		if d.ID != want[i].ID || !d.Expires.Equal(want[i].Expires) {
			t.Errorf("%d is %+v, want %s", i, d, want[i].ID)
		}
		last = d
	}
	return last
}

func copiesFallDue(t *testing.T, b Backend) {
	first, second, third := received(uuid.NewString()), received(uuid.NewString()), received(uuid.NewString())
	second.Expires, third.Expires = first.Expires.Add(time.Hour), first.Expires.Add(2*time.Hour)
	for _, r := range []release.Received{third, first, second} {
		must(t, b.SaveReceived(t.Context(), here, r))
	}
	must(t, b.SaveReceived(t.Context(), asker, received(uuid.NewString())))
	wantDue(t, b, first.Expires.Add(-time.Microsecond), release.Due{}, 10)
	wantDue(t, b, first.Expires, release.Due{}, 10, first)
	last := wantDue(t, b, third.Expires, release.Due{}, 2, first, second)
	wantDue(t, b, third.Expires, last, 2, third)
}

func keepsReceipt(t *testing.T, b Backend) {
	r, other := received(uuid.NewString()), received(uuid.NewString())
	must(t, b.SaveReceived(t.Context(), here, r))
	must(t, b.SaveReceived(t.Context(), here, other))
	must(t, b.KeepReceipt(t.Context(), here, r.ID, []byte("receipt")))
	forgotten := r
	forgotten.Actor, forgotten.Sealed = "", []byte("receipt")
	wantReceived(t, b, forgotten)
	must(t, b.KeepReceipt(t.Context(), here, r.ID, []byte("again")))
	must(t, b.KeepReceipt(t.Context(), here, uuid.NewString(), []byte("nothing")))
	wantReceived(t, b, forgotten)
	wantReceived(t, b, other)
	wantDue(t, b, r.Expires, release.Due{}, 10, other)
	wantLogged(t, b, here, r.Entry, other.Entry)
	wantKind(t, "received again", b.SaveReceived(t.Context(), here, received(r.ID)), fault.Conflict)
}

func forgetsRequests(t *testing.T, b Backend) {
	old := []string{uuid.NewString(), uuid.NewString(), uuid.NewString()}
	for _, id := range old {
		must(t, b.ReserveRequest(t.Context(), here, asker, id, begin))
		must(t, b.ReserveRequest(t.Context(), third, asker, id, begin))
	}
	young := uuid.NewString()
	must(t, b.ReserveRequest(t.Context(), here, asker, young, begin.Add(time.Microsecond)))
	for _, want := range []int{2, 1, 0} {
		if n, err := b.ForgetRequests(t.Context(), here, begin, 2); err != nil || n != want {
			t.Errorf("%d, %v; want %d", n, err, want)
		}
	}
	wantKind(t, "a young one", b.ReserveRequest(t.Context(), here, asker, young, begin), fault.Conflict)
	wantKind(t, "another's", b.ReserveRequest(t.Context(), third, asker, old[0], begin), fault.Conflict)
	must(t, b.ReserveRequest(t.Context(), here, asker, old[0], begin))
}
