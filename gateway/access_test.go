package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"yilian.example/gateway/config"
)

// Who calls in the access matrix, in the order of its columns. Self is the patient whom the record that is asked for is
// about; the other patient is anybody else.
var columns = []string{"anonymous", "self", "patient", "clinician", "system", "auditor", "assessor"}

// row is a route with what each caller is answered.
type row struct {
	path  string // a concrete address where the pattern has parameters
	media string // of the body
	body  string
	want  [7]int // status by column
}

// everybody answers all callers alike.
func everybody(status int) [7]int {
	return [7]int{status, status, status, status, status, status, status}
}

// Media types of bodies in the matrix.
const (
	asFHIR = "application/fhir+json"
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// public is the access matrix of the listener for people and systems: a route that is not in it fails the test, so that
// nobody adds one without having said who may use it.
var public = map[string]row{
	"DELETE /fhir":              {want: everybody(405)},
	"DELETE /fhir/:type":        {path: "/fhir/Patient", want: everybody(405)},
	"DELETE /fhir/:type/:id":    {path: "/fhir/Patient/p1", want: everybody(405)},
	"GET /":                     {want: [7]int{200, 303, 303, 303, 200, 303, 303}},
	"GET /about/proof":          {want: everybody(200)},
	"GET /api/openapi-3.0.json": {want: everybody(200)},
	"GET /api/openapi-3.0.yaml": {want: everybody(200)},
	"GET /api/openapi.json":     {want: everybody(200)},
	"GET /api/openapi.yaml":     {want: everybody(200)},
	"GET /api/v1/access":        {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /api/v1/consents":      {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /api/v1/consents/:id": {
		path: "/api/v1/consents/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		want: [7]int{401, 404, 404, 403, 403, 403, 403},
	},
	"GET /api/v1/integrity": {want: [7]int{401, 403, 403, 403, 403, 200, 403}},
	"GET /api/v1/log":       {want: [7]int{401, 200, 200, 200, 200, 200, 200}},
	"GET /api/v1/logs":      {want: [7]int{401, 403, 403, 403, 403, 503, 403}},
	"GET /api/v1/records/:type/:id/evidence": {
		path: "/api/v1/records/Patient/p1/evidence",
		want: [7]int{401, 409, 404, 404, 409, 404, 404},
	},
	"GET /api/v1/releases/:id": {
		path: "/api/v1/releases/3b9e7c50-0000-4000-8000-000000000000",
		want: [7]int{401, 404, 404, 404, 404, 404, 404},
	},
	"GET /api/v1/releases/:id/records/:type/:record/evidence": {
		path: "/api/v1/releases/3b9e7c50-0000-4000-8000-000000000000/records/Observation/o1/evidence",
		want: [7]int{401, 404, 404, 404, 404, 404, 404},
	},
	"GET /audit":          {want: [7]int{401, 403, 403, 403, 403, 503, 403}},
	"GET /audit/database": {want: [7]int{401, 403, 403, 403, 403, 200, 403}},
	"GET /audit/evidence": {want: [7]int{401, 200, 200, 200, 200, 200, 200}},
	"GET /fhir":           {want: everybody(405)},
	"GET /fhir/:type":     {path: "/fhir/Patient", want: everybody(405)},
	"GET /fhir/:type/:id": {path: "/fhir/Patient/p1", want: [7]int{401, 200, 404, 404, 200, 404, 404}},
	"GET /fhir/:type/:id/_history/:version": {
		path: "/fhir/Patient/p1/_history/1",
		want: [7]int{401, 200, 404, 404, 200, 404, 404},
	},
	"GET /fhir/metadata":   {want: everybody(200)},
	"GET /healthz":         {want: everybody(200)},
	"GET /log/attestation": {want: everybody(503)},
	"GET /log/checkpoint":  {want: everybody(404)},
	"GET /log/key":         {want: everybody(200)},
	"GET /log/tile/*path":  {path: "/log/tile/0/000", want: everybody(404)},
	"GET /login":           {want: everybody(303)},
	"GET /login/callback":  {want: everybody(401)},
	"GET /me/access":       {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /me/consents":     {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /me/consents/new": {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /me/records":      {want: [7]int{401, 200, 200, 403, 403, 403, 403}},
	"GET /me/records/kinds/:kind": {
		path: "/me/records/kinds/observations", want: [7]int{401, 200, 200, 403, 403, 403, 403},
	},
	"GET /me/records/:type/:id": {path: "/me/records/Patient/p1", want: [7]int{401, 200, 404, 403, 403, 403, 403}},
	"GET /me/records/:type/:id/evidence": {
		path: "/me/records/Patient/p1/evidence",
		want: [7]int{401, 409, 404, 403, 403, 403, 403},
	},
	"GET /patients": {want: [7]int{401, 403, 403, 200, 403, 403, 200}},
	"GET /patients/:patient": {
		path: "/patients/paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		want: [7]int{401, 403, 403, 200, 403, 403, 200},
	},
	"GET /patients/:patient/kinds/:kind": {
		path: "/patients/paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/kinds/observations",
		want: [7]int{401, 403, 403, 403, 403, 403, 403},
	},
	"GET /patients/:patient/records/:type/:record": {
		path: "/patients/paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/records/Patient/p1",
		want: [7]int{401, 403, 403, 404, 403, 403, 403},
	},
	"GET /readyz": {want: everybody(503)},
	"GET /releases/:id": {
		path: "/releases/3b9e7c50-0000-4000-8000-000000000000",
		want: [7]int{401, 403, 403, 404, 403, 403, 404},
	},
	"GET /releases/:id/:type/:record/evidence": {
		path: "/releases/3b9e7c50-0000-4000-8000-000000000000/Observation/o1/evidence",
		want: [7]int{401, 403, 403, 404, 403, 403, 404},
	},
	"GET /static/:name":     {path: "/static/site.css", want: everybody(200)},
	"HEAD /log/checkpoint":  {want: everybody(404)},
	"HEAD /log/key":         {want: everybody(200)},
	"HEAD /log/tile/*path":  {path: "/log/tile/0/000", want: everybody(404)},
	"PATCH /fhir":           {want: everybody(405)},
	"PATCH /fhir/:type":     {path: "/fhir/Patient", want: everybody(405)},
	"PATCH /fhir/:type/:id": {path: "/fhir/Patient/p1", want: everybody(405)},
	"POST /api/v1/consents": {
		media: asJSON,
		body:  `{"statement":{},"salt":"","publicKey":"","grant":"","withdrawal":""}`,
		want:  [7]int{401, 422, 422, 422, 422, 422, 422},
	},
	"POST /api/v1/consents/:id/withdrawal": {
		path: "/api/v1/consents/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/withdrawal",
		want: [7]int{401, 404, 404, 403, 403, 403, 403},
	},
	"POST /api/v1/consents/draft": {
		media: asJSON,
		body:  `{"recipient":"qingshan","purpose":"TREAT","kinds":["reports"],"until":"2020-01-01T00:00:00Z","lang":"zh"}`,
		want:  [7]int{401, 422, 422, 403, 403, 403, 403},
	},
	"POST /api/v1/patients/search": {
		media: asJSON,
		body:  `{"system":"urn:oid:2.16.156.10011.1.3","value":"990000195803120260"}`,
		want:  [7]int{401, 200, 403, 403, 403, 403, 200}, // an assessor asks the others, of whom none answers here
	},
	"POST /api/v1/releases": {
		media: asJSON,
		body:  `{"patient":"paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","custodian":"qingshan","purpose":"TREAT","kinds":["reports"]}`,
		want:  [7]int{401, 403, 403, 403, 403, 403, 403},
	},
	"POST /api/v1/releases/:id/more": {
		path: "/api/v1/releases/3b9e7c50-0000-4000-8000-000000000000/more",
		want: [7]int{401, 404, 404, 404, 404, 404, 404},
	},
	"POST /releases/:id/more": {
		path: "/releases/3b9e7c50-0000-4000-8000-000000000000/more",
		want: [7]int{401, 403, 403, 404, 403, 403, 404},
	},
	"POST /audit/evidence": {want: [7]int{401, 422, 422, 422, 422, 422, 422}},
	"POST /fhir": {
		media: asFHIR,
		body:  `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:3b9e7c50-0000-4000-8000-000000000000","resource":{"resourceType":"Patient","identifier":[{"system":"urn:oid:2.16.156.10011.1.3","value":"990000195803120260"}]},"request":{"method":"POST","url":"Patient"}}]}`,
		want:  [7]int{401, 403, 403, 403, 200, 403, 403},
	},
	"POST /fhir/": {
		media: asFHIR,
		body:  `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:3b9e7c50-0000-4000-8000-000000000000","resource":{"resourceType":"Patient","identifier":[{"system":"urn:oid:2.16.156.10011.1.3","value":"990000195803120260"}]},"request":{"method":"POST","url":"Patient"}}]}`,
		want:  [7]int{401, 403, 403, 403, 200, 403, 403},
	},
	"POST /fhir/:type": {
		path: "/fhir/Patient", media: asFHIR,
		body: `{"resourceType":"Patient","identifier":[{"system":"urn:oid:2.16.156.10011.1.3"` +
			`,"value":"990000195803120260"}]}`,
		want: [7]int{401, 403, 403, 403, 201, 403, 403},
	},
	"POST /fhir/:type/:id": {
		path: "/fhir/Patient/_search", media: asForm,
		body: "identifier=urn:oid:2.16.156.10011.1.3%7C990000195803120260",
		want: [7]int{401, 200, 200, 200, 200, 200, 200},
	},
	"POST /logout": {want: everybody(303)},
	"POST /me/consents/:id/withdraw": {
		path:  "/me/consents/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/withdraw",
		media: asForm,
		want:  [7]int{401, 404, 404, 403, 403, 403, 403},
	},
	"POST /me/consents/new": {want: [7]int{401, 422, 422, 403, 403, 403, 403}},
	"POST /patients": {
		media: asForm,
		body:  "system=urn:oid:2.16.156.10011.1.3&value=990000195803120260",
		want:  [7]int{401, 403, 403, 303, 403, 403, 303},
	},
	"POST /patients/:patient/ask": {
		path: "/patients/paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/ask", media: asForm,
		body: "purpose=TREAT&custodian=qingshan&kinds=reports",
		want: [7]int{401, 403, 403, 422, 403, 403, 422},
	},
	"PUT /fhir":       {want: everybody(405)},
	"PUT /fhir/:type": {path: "/fhir/Patient", want: everybody(405)},
	"PUT /fhir/:type/:id": {
		path: "/fhir/Patient/p2", media: asFHIR,
		body: `{"resourceType":"Patient","id":"p2","identifier":[{"system":"urn:oid:2.16.156.10011.1.3"` +
			`,"value":"990000195803120260"}]}`,
		want: [7]int{401, 403, 403, 403, 201, 403, 403},
	},
}

// peers is the matrix of the listener for other members' gateways: what another member is answered.
var peers = map[string]row{
	"POST " + config.LocatePath: {
		media: "application/json",
		body:  "{}",
		want:  everybody(http.StatusUnsupportedMediaType),
	},
	"POST " + config.ReleasePath: {
		media: "application/json",
		body:  "{}",
		want:  everybody(http.StatusUnsupportedMediaType),
	},
}

func TestAccessMatrixOfThePublicListener(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for _, route := range h.public.Routes() {
		key := route.Method + " " + route.Path
		seen[key] = true
		r, known := public[key]
		if !known {
			t.Errorf("%s is not in the access matrix", key)
		}
		if r.path == "" {
			r.path = route.Path
		}
		var got [7]int
		for i, caller := range columns {
			answer := h.call(caller, route.Method, r)
			got[i] = answer.StatusCode
			h.checkHeaders(t, key, answer)
		}
		if got != r.want {
			t.Errorf("%s: %v answer %v, want %v", key, columns, got, r.want)
		}
	}
	for key := range public {
		if !seen[key] {
			t.Errorf("%s is in the access matrix and not served", key)
		}
	}
}

func TestAccessMatrixOfThePeerListener(t *testing.T) {
	h := newHouse(t)
	var served []string
	for _, route := range h.peers.Routes() {
		key := route.Method + " " + route.Path
		served = append(served, key)
		r, known := peers[key]
		if !known {
			t.Errorf("%s is not in the access matrix", key)
			continue
		}
		answer, err := h.asMember(route.Method, route.Path, r)
		if err != nil || answer.StatusCode != r.want[0] {
			t.Errorf("%s: a member is answered %v, %v", key, answer, err)
		}
		if answer, err := h.asStranger(route.Method, route.Path, r); err == nil {
			t.Errorf("%s: whoever shows no member's certificate is answered %d", key, answer.StatusCode)
		}
	}
	for key := range peers {
		if !slices.Contains(served, key) {
			t.Errorf("%s is in the access matrix and not served", key)
		}
	}
}

// checkHeaders wants that no answer is kept or guessed at but those that are for everybody.
func (h *house) checkHeaders(t *testing.T, key string, answer *http.Response) {
	t.Helper()
	if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: without nosniff", key)
	}
	_, path, _ := strings.Cut(key, " ")
	if strings.HasPrefix(path, "/log/") || strings.HasPrefix(path, "/static") {
		return
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: may be kept: %q", key, answer.Header.Get("Cache-Control"))
	}
}

func TestARequestIsCalledByAPlainUUIDAlone(t *testing.T) {
	h := newHouse(t)
	const plain = "3b9e7c50-0000-4000-8000-00000000000a"
	for given, kept := range map[string]bool{
		plain: true, strings.ToUpper(plain): false, "urn:uuid:" + plain: false,
		"{" + plain + "}": false, "x\ty": false, "": false,
	} {
		req := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		req.Header.Set("X-Request-Id", given)
		w := httptest.NewRecorder()
		h.public.ServeHTTP(w, req)
		if got := w.Header().Get("X-Request-Id"); (got == given) != kept || got == "" {
			t.Errorf("%q is called %q", given, got)
		}
	}
}

func TestCountsAreServedOnAListenerOfTheirOwn(t *testing.T) {
	h := newHouse(t)
	w := httptest.NewRecorder()
	h.counts.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "yilian_http_requests_total") {
		t.Errorf("on their own: %d", w.Code)
	}
	if got := h.call("anonymous", http.MethodGet, row{path: "/metrics"}); got.StatusCode != http.StatusNotFound {
		t.Errorf("on everybody's: %d", got.StatusCode)
	}
}
