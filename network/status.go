package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"yilian.example/network/topology"
)

func statusCommand(s *settings) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Args: cobra.NoArgs,
		Short: "Say what runs and what does not, how high the ledger stands, and what needs attention",
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, t, err := s.load(cmd)
			if err != nil {
				return err
			}
			status, err := present(state)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			r := makeReport(cmd.Context(), state, t, status, time.Now())
			if asJSON {
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(r)
			}
			printReport(out, state, r)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the same for programs")
	return c
}

// printReport prints what needs attention first: under twenty processes that are well it would be overlooked.
func printReport(out io.Writer, state topology.State, r report) {
	if r.PID == 0 {
		fmt.Fprintln(out, r.Phase)
		if r.Error != "" {
			fmt.Fprintln(out, "the last start failed:", r.Error)
		}
	} else {
		fmt.Fprintf(out, "supervisor: process %d, %s\n", r.PID, r.Phase)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintln(out, "!", warning)
	}
	if r.PID == 0 {
		return
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tPID\tSTATE\tRESTARTS\tFOR\tENDED LAST")
	for _, p := range r.Processes {
		condition := p.State
		if p.Trouble != "" && p.State == "running" {
			condition = "hangs"
		}
		fmt.Fprintf(
			table, "%s\t%d\t%s\t%d\t%s\t%s\n", p.Name, p.PID, condition, p.Restarts, time.Since(p.Since).Round(time.Second),
			p.Last,
		)
	}
	_ = table.Flush() //nolint:errcheck // to a terminal
	fmt.Fprintln(out)
	fmt.Fprintln(table, "MEMBER\tGATEWAY\tREADY\tPEER HEIGHT\tORDERER HEIGHT\tNEXT CERTIFICATE TO END")
	for _, m := range r.Members {
		fmt.Fprintf(
			table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Gateway, m.Ready, blocks(m.PeerHeight), blocks(m.OrdererHeight),
			m.Certificate.words(state.Org(m.ID)),
		)
	}
	_ = table.Flush() //nolint:errcheck // to a terminal
}

func blocks(height *uint64) string {
	if height == nil {
		return "-"
	}
	return fmt.Sprint(*height)
}

// words names a certificate by its place below the member's directory.
func (c *certificateReport) words(dir string) string {
	if c == nil {
		return "-"
	}
	return fmt.Sprintf(
		"in %d days, %s: %s", c.Days, c.Ends.UTC().Format(time.DateOnly), strings.TrimPrefix(c.File, dir+"/"),
	)
}

// printMembers says where everything is and how to sign in.
func printMembers(out io.Writer, t *topology.Topology, took time.Duration) {
	fmt.Fprintf(out, "\n医链已就绪，用时 %.1f 秒 · Yilian is up after %.1f s\n\n", took.Seconds(), took.Seconds())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range t.Members {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", m.ID, m.PublicURL(), m.NameEN, m.NameZH)
	}
	_ = table.Flush() //nolint:errcheck // to a terminal
	fmt.Fprintf(out, `
登录：打开任一地址，在开发用登录页上点选一个人（无需密码，仅供开发）。
Sign in: open an address and choose a person on the development sign-in page (no password; development only, %s).
Token for curl: make token ORG=donghu ROLE=system
`, t.Issuer())
}
