package consortium

import (
	"fmt"
	"time"

	"yilian.example/network/internal/disk"
	"yilian.example/network/internal/pki"
	"yilian.example/network/internal/watch"
	"yilian.example/network/topology"
)

// renewal is what to do about certificates, in a word: the program made them and cannot renew them, since the channel's
// configuration names those of orderers.
const renewal = `see "Certificates" in network/runbook.md`

// Nodes are the consortium's orderers and peers.
func Nodes(t *topology.Topology) (orderers, peers []watch.Node) {
	at := func(process string, port int) watch.Node {
		return watch.Node{Process: process, Metrics: "http://" + topology.Address(port) + "/metrics"}
	}
	for _, m := range t.Members {
		orderers = append(orderers, at("orderer-"+m.ID, m.Ports.OrdererOperations))
		peers = append(peers, at("peer-"+m.ID, m.Ports.PeerOperations))
	}
	return orderers, peers
}

// Watch looks after the running consortium.
func (c *Consortium) Watch() *watch.Watch {
	orderers, peers := Nodes(c.Topology)
	return &watch.Watch{
		Supervisor: c.Supervisor, Orderers: orderers, Peers: peers, Channel: c.Topology.Channel, Rule: watch.Production,
		Interval: 5 * time.Second, Concerns: func() []watch.Concern { return Concerns(c.State, c.Topology, c.Now()) },
		Logger: c.Logger, Now: c.Now,
	}
}

// Disks are the file systems that hold the state and, where it lies elsewhere, the database.
func Disks(state topology.State) []disk.Space { return disk.Of(string(state), state.Path("pg")) }

// Concerns are what an operator has to do something about before it stops the consortium.
func Concerns(state topology.State, t *topology.Topology, now time.Time) []watch.Concern {
	var all []watch.Concern
	for _, space := range Disks(state) {
		if space.Low() {
			all = append(all, watch.Concern{Key: space.Path, Text: space.String(), Every: time.Hour})
		}
	}
	for _, m := range t.Members {
		certificates, err := pki.Certificates(state.Org(m.ID))
		if err != nil || len(certificates) == 0 || !certificates[0].Soon(now) {
			continue // what cannot be read, a start names
		}
		text := fmt.Sprintf("%s: certificate %s ends in %d days, on %s: %s", m.ID, certificates[0].File,
			certificates[0].Days(now), certificates[0].Ends.UTC().Format(time.DateOnly), renewal)
		all = append(all, watch.Concern{Key: m.ID + " certificate", Text: text, Every: 24 * time.Hour})
	}
	return all
}

// checkCertificates refuses a start on certificates that are over: the nodes would not say so to anybody who waits for
// them.
func (c *Consortium) checkCertificates() error {
	for _, m := range c.Topology.Members {
		certificates, err := pki.Certificates(c.State.Org(m.ID))
		if err != nil {
			return err
		}
		err = pki.CheckDates(certificates, c.Now())
		if err != nil {
			return fmt.Errorf("check certificates of %s (%s): %w", m.ID, renewal, err)
		}
	}
	return nil
}
