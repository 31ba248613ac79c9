package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"yilian.example/network/idp"
)

func tokenCommand(s *settings) *cobra.Command {
	var org, role, person string
	c := &cobra.Command{
		Use: "token", Short: "Print a development bearer token, and nothing else", Args: cobra.NoArgs,
		Example: "  network token --org donghu --role system\n  network token --org donghu --role patient --person 王秀兰",
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, t, err := s.load(cmd)
			if err != nil {
				return err
			}
			token, err := idp.Token(cmd.Context(), state, t, org, role, person)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	c.Flags().StringVar(&org, "org", "donghu", "member whose gateway the token is for")
	c.Flags().StringVar(&role, "role", "system", "system, clinician, patient, auditor or assessor")
	c.Flags().StringVar(&person, "person", "", "id, name or identifier of a person (default: the first in that role)")
	return c
}
