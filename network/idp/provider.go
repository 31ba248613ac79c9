package idp

import "yilian.example/network/topology"

func Prepare(state topology.State, t *topology.Topology) error {
	for _, m := range t.Members {
		_, err := readOrMake(PeopleSecret(state, m.ID), 24)
		if err != nil {
			return err
		}
	}
	return nil
}
