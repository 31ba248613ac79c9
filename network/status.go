package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"yilian.example/network/internal/fabric"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

func statusCommand(s *settings) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Say what runs, which gateways are ready, and how high the ledger stands", Args: cobra.NoArgs,
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
			if asJSON {
				if !status.Alive() {
					status = supervisor.Status{Phase: "not running", Error: status.Error}
				}
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(status)
			}
			if !status.Alive() {
				fmt.Fprintln(out, "not running")
				if status.Error != "" {
					fmt.Fprintln(out, "the last start failed:", status.Error)
				}
				return nil
			}
			printStatus(cmd.Context(), out, state, t, status)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the supervisor's status file")
	return c
}

func printStatus(
	ctx context.Context, out io.Writer, state topology.State, t *topology.Topology, status supervisor.Status,
) {
	fmt.Fprintf(out, "supervisor: process %d, %s\n\n", status.PID, status.Phase)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tPID\tSTATE\tRESTARTS\tFOR\tENDED LAST")
	for _, p := range status.Processes {
		fmt.Fprintf(
			table, "%s\t%d\t%s\t%d\t%s\t%s\n", p.Name, p.PID, p.State, p.Restarts, time.Since(p.Since).Round(time.Second),
			p.Last,
		)
	}
	_ = table.Flush() //nolint:errcheck // to a terminal
	fmt.Fprintln(out)

	admin, err := fabric.OpenAdmin(state, t, 0)
	if err == nil {
		defer admin.Close()
	}
	fmt.Fprintln(table, "MEMBER\tGATEWAY\tREADY\tLEDGER HEIGHT")
	for _, m := range t.Members {
		height := "-"
		if err == nil {
			scope, cancel := context.WithTimeout(ctx, 5*time.Second)
			blocks, err := admin.Height(scope, m)
			cancel()
			if err == nil {
				height = fmt.Sprint(blocks)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.ID, m.PublicURL(), ready(ctx, m), height)
	}
	_ = table.Flush() //nolint:errcheck // to a terminal
}

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
