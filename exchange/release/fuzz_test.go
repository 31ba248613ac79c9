package release_test

import (
	"context"
	"encoding/json"
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
)

// FuzzAnswer feeds a custodian what another member signed, whatever that is: it must not fall over, and must read
// nothing unless the request is one that names this connection, this custodian and that member's own staff.
func FuzzAnswer(f *testing.F) {
	good, _ := json.Marshal(release.Request{
		Version: 1, ID: "6f8fe7d1-fba7-4e90-b67e-3059914825a8", From: "qingshan", To: "donghu", Actor: doctor, Purpose: consortium.Treatment,
		Patient: patient, Kinds: []consortium.Kind{consortium.Observations}, Time: at,
	})
	for _, seed := range []string{string(good), "", "{}", "[]", `{"v":1,"from":"qingshan","to":"donghu"}`, `{"kinds":[null]}`, `{"time":"0000-00-00T00:00:00Z"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		p := newPair(always(true))
		msg, err := p.asker.Envelope.Sign(release.RequestType, payload)
		if err != nil {
			return
		}
		_, err = p.holder.Answer(context.Background(), "qingshan", msg)
		if err != nil {
			if p.holdMem.listed != 0 {
				t.Fatal("records were read for a request that failed")
			}
			return
		}
		var req release.Request
		if json.Unmarshal(payload, &req) != nil || req.From != "qingshan" || req.To != "donghu" ||
			req.Actor.Org != "qingshan" ||
			!req.Patient.Valid() {
			t.Fatalf("answered %q", payload)
		}
	})
}
