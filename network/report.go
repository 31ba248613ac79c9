package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"yilian.example/network/internal/consortium"
	"yilian.example/network/internal/disk"
	"yilian.example/network/internal/pki"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/internal/watch"
	"yilian.example/network/topology"
)

// report is what `network status` knows: the supervisor's word, and what can be seen without it.
type report struct {
	supervisor.Status
	Members  []memberReport `json:"members"`
	Disks    []disk.Space   `json:"disks"`
	Warnings []string       `json:"warnings"` // what somebody has to do something about
}

// memberReport is of one member.
type memberReport struct {
	ID            string             `json:"id"`
	Gateway       string             `json:"gateway"`
	Ready         string             `json:"ready"`          // yes, or why not
	PeerHeight    *uint64            `json:"peer_height"`    // blocks; nil when the peer does not answer
	OrdererHeight *uint64            `json:"orderer_height"` // likewise
	Certificate   *certificateReport `json:"certificate"`    // that ends first; nil when there is none
}

// certificateReport is a certificate with the days that it is still good for.
type certificateReport struct {
	pki.Certificate
	Days int `json:"days"`
}

// makeReport looks at a consortium. What does not run is asked nothing.
func makeReport(
	ctx context.Context, state topology.State, t *topology.Topology, status supervisor.Status, now time.Time,
) report {
	r := report{Status: status.Observed(), Disks: consortium.Disks(state), Warnings: []string{}}
	if !status.Alive() {
		r.Status = supervisor.Status{Phase: "not running", Error: status.Error}
	}
	var heights map[string]watch.Reading
	if status.Alive() {
		orderers, peers := consortium.Nodes(t)
		heights = watch.Read(ctx, append(orderers, peers...), t.Channel)
	}
	r.Members = make([]memberReport, len(t.Members))
	var group sync.WaitGroup
	for i, m := range t.Members {
		group.Go(func() {
			r.Members[i] = memberReport{
				ID: m.ID, Gateway: m.PublicURL(), Ready: "no", Certificate: soonest(state, m, now),
				PeerHeight: height(heights["peer-"+m.ID]), OrdererHeight: height(heights["orderer-"+m.ID]),
			}
			if status.Alive() {
				r.Members[i].Ready = ready(ctx, m)
			}
		})
	}
	group.Wait()
	for _, p := range r.Processes {
		if p.Trouble != "" {
			r.Warnings = append(r.Warnings, p.Name+": "+p.Trouble)
		}
	}
	for _, concern := range consortium.Concerns(state, t, now) {
		r.Warnings = append(r.Warnings, concern.Text)
	}
	return r
}

// height is what a node answered, or nil.
func height(r watch.Reading) *uint64 {
	if !r.Answered {
		return nil
	}
	return &r.Height
}

// soonest is the member's certificate that ends first, or nil.
func soonest(state topology.State, m topology.Member, now time.Time) *certificateReport {
	all, err := pki.Certificates(state.Org(m.ID))
	if err != nil || len(all) == 0 {
		return nil
	}
	return &certificateReport{Certificate: all[0], Days: all[0].Days(now)}
}

// ready asks a member's gateway whether it is.
func ready(ctx context.Context, m topology.Member) string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.PublicURL()+"/readyz", nil)
	if err != nil {
		return "no"
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "no"
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "no: " + response.Status
	}
	return "yes"
}
