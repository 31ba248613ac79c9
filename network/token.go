package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func tokenCommand(*settings) *cobra.Command {
	return &cobra.Command{Use: "token", RunE: func(*cobra.Command, []string) error { return errors.New("not yet") }}
}
func idpCommand(*settings) *cobra.Command {
	return &cobra.Command{Use: "idp", RunE: func(cmd *cobra.Command, _ []string) error { <-cmd.Context().Done(); return nil }}
}
