// Package database chooses the SQL server of a development consortium and prepares it: the one that DATABASE_URL names,
// else CockroachDB if its program is on the machine, else a private PostgreSQL cluster run by an unprivileged user.
package database

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// name of the consortium's database, and of its user in PostgreSQL.
const name = "yilian"

// Server is a chosen and prepared server.
type Server struct {
	URL     string              // of the consortium's database, with its operator's user
	Kind    string              // for people: what it is
	Process *supervisor.Process // to run, or nil when somebody else runs it
	// URL of a database that exists from the beginning, to create ours; empty when ours must exist
	admin    string
	trusting bool // the server takes a role's name for it, without a password
}

// Prepare chooses the server. databaseURL is the value of DATABASE_URL, or empty.
func Prepare(ctx context.Context, state topology.State, port int, databaseURL string) (Server, error) {
	if databaseURL != "" {
		return Server{URL: databaseURL, Kind: "DATABASE_URL"}, nil
	}
	cockroach, err := exec.LookPath("cockroach")
	if err == nil {
		return prepareCockroach(state, port, cockroach), nil
	}
	return preparePostgres(ctx, state, port)
}

// Await waits until the server answers, and creates the consortium's database if it is missing.
func (s Server) Await(ctx context.Context) error {
	target := s.admin
	if target == "" {
		target = s.URL
	}
	return supervisor.Wait(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		connection, err := pgx.Connect(ctx, target)
		if err != nil {
			return errors.New("connect to database: " + redact(err.Error(), target))
		}
		defer connection.Close(ctx)
		if s.admin == "" {
			return nil
		}
		return create(ctx, connection)
	})
}

func create(ctx context.Context, connection *pgx.Conn) error {
	var there bool
	err := connection.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_database WHERE datname = $1`, name).Scan(&there)
	if err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if there {
		return nil
	}
	_, err = connection.Exec(ctx, `CREATE DATABASE `+name)
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// redact removes a URL's password from a text.
func redact(text, rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "error withheld: the database's URL cannot be parsed"
	}
	password, ok := u.User.Password()
	if !ok || password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "***")
}

func prepareCockroach(state topology.State, port int, program string) Server {
	at := topology.Address(port)
	base := "postgresql://root@" + at + "/"
	return Server{
		URL: base + name + "?sslmode=disable", admin: base + "defaultdb?sslmode=disable", Kind: "CockroachDB",
		trusting: true,
		Process: &supervisor.Process{
			Name: "database", Path: program, Dir: string(state), StopTimeout: 20 * time.Second,
			Args: []string{
				"start-single-node", "--insecure", "--listen-addr=" + at, "--http-addr=127.0.0.1:0",
				"--store=" + state.Path("cockroach"), "--log-config-vars=", "--log=sinks: {stderr: {filter: ERROR}}",
			},
		},
	}
}

func preparePostgres(ctx context.Context, state topology.State, port int) (Server, error) {
	programs, err := findPostgres(ctx)
	if err != nil {
		return Server{}, err
	}
	credential, err := postgresUser()
	if err != nil {
		return Server{}, err
	}
	data, err := placeCluster(state, credential)
	if err != nil {
		return Server{}, err
	}
	password, err := secret(state.Path("secrets", "database"))
	if err != nil {
		return Server{}, err
	}
	err = makeCluster(ctx, data, programs, credential, password)
	if err != nil {
		return Server{}, fmt.Errorf("make PostgreSQL cluster: %w", err)
	}
	base := "postgresql://" + name + ":" + password + "@" + topology.Address(port) + "/"
	return Server{
		URL: base + name + "?sslmode=disable", admin: base + "postgres?sslmode=disable", Kind: "PostgreSQL",
		Process: &supervisor.Process{
			// SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
			Name: "database", Path: programs + "/postgres", Dir: data, Credential: credential,
			Signal: syscall.SIGINT, StopTimeout: 20 * time.Second,
			Args: []string{
				"-D", data, "-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", port), "-c",
				"unix_socket_directories=",
				"-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB", "-c", "fsync=on",
				"-c", "timezone=UTC", "-c", "log_min_messages=warning", "-c", "log_min_error_statement=panic",
				"-c", "log_parameter_max_length_on_error=0", "-c", "logging_collector=off", "-c", "log_checkpoints=off",
			},
		},
	}, nil
}

// secret reads a file's secret, and makes it first if it is missing.
func secret(path string) (string, error) {
	value, err := readSecret(path)
	if err != nil || value != "" {
		return value, err
	}
	random := make([]byte, 24)
	_, err = rand.Read(random)
	if err != nil {
		return "", fmt.Errorf("generate secret: %w", err)
	}
	value = hex.EncodeToString(random)
	return value, durable.WriteFile(path, []byte(value+"\n"))
}

// readSecret reads a file's secret; a missing file has none, and neither has one that a power cut emptied.
func readSecret(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}
