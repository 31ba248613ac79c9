// Command cmd measures the transparency log on this machine and prints JSON: our pipeline on a database of its own
// beside Tessera's POSIX driver. With a gateway's configuration it uses that gateway's database server and the real
// ledger, where it registers a log of its own; with only a database it simulates a ledger's commit time. It is for
// `make bench` and never ships.
//
//	go run ./gateway/internal/logbench/cmd --config FILE [--entries N] [--dir DIR]
//	go run ./gateway/internal/logbench/cmd --database URL [--entries N] [--dir DIR] [--commit 210ms]
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/bound"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/logbench"
)

// result is one line of the table.
type result struct {
	Name        string  `json:"name"`
	Witness     string  `json:"witness"`
	Entries     int     `json:"entries"`
	PerSecond   float64 `json:"entries_per_second"`
	WrittenS    float64 `json:"written_seconds"`
	PublishedS  float64 `json:"published_seconds"`
	Checkpoints int64   `json:"checkpoints,omitempty"`
}

type options struct {
	configFile, database, dir string
	entries                   int
	commit                    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.configFile, "config", "", "a gateway's configuration: use the real ledger")
	flag.StringVar(
		&o.database, "database", os.Getenv("DATABASE_URL"), "database server's URL, of a user who may create databases",
	)
	flag.StringVar(&o.dir, "dir", os.TempDir(), "where Tessera keeps its files meanwhile")
	flag.IntVar(&o.entries, "entries", 40000, "entries of each run")
	flag.DurationVar(&o.commit, "commit", 210*time.Millisecond, "a simulated ledger's commit time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	results, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure log:", err)
		os.Exit(1)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(results); err != nil {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) ([]result, error) {
	name := make([]byte, 4)
	if _, err := rand.Read(name); err != nil {
		return nil, err
	}
	suffix := hex.EncodeToString(name)
	cfg := logbench.Config{Org: "bench", Origin: "bench" + suffix + ".yilian.example/log", Entries: o.entries}
	witness := fmt.Sprintf("simulated, %v a commit", o.commit)
	cfg.Witness = func(string) anchor.Witness {
		w := anchortest.NewWitness()
		w.Delay = o.commit
		return w
	}
	if o.configFile != "" {
		gateway, err := config.Load(o.configFile)
		if err != nil {
			return nil, err
		}
		ledger, err := fabric.Dial(ctx, gateway.Ledger, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		defer func() { _ = ledger.Close() }()
		witness = "the consortium's ledger"
		cfg.Org = consortium.OrgID(gateway.Org)
		cfg.Origin = fmt.Sprintf("%s.bench-%s.%s/log", gateway.Org, suffix, gateway.Domain)
		cfg.Witness = func(string) anchor.Witness { return ledger.Witness(cfg.Origin) }
	}
	if o.database == "" {
		return nil, errors.New("give --database, or set DATABASE_URL")
	}
	ours, err := onOwnDatabase(ctx, o.database, "yilian_bench_"+suffix, cfg)
	if err != nil {
		return nil, err
	}
	theirs, err := logbench.RunTessera(ctx, o.dir, o.entries)
	if err != nil {
		return nil, err
	}
	return []result{line("yilian", witness, ours), line("tessera posix", "none", theirs)}, nil
}

func line(name, witness string, f logbench.Figures) result {
	return result{
		Name: name, Witness: witness, Entries: f.Entries, PerSecond: f.Rate(),
		WrittenS: f.Written.Seconds(), PublishedS: f.Published.Seconds(), Checkpoints: f.Checkpoints,
	}
}

const benchSchema = "bench"

func createSchema(ctx context.Context, database string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return errors.New("the new database cannot be reached") // the driver's text may hold the password
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE SCHEMA "+benchSchema); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return nil
}

// onOwnDatabase measures on a database that is made for it and removed afterwards, so that nothing of the consortium's
// is touched.
func onOwnDatabase(ctx context.Context, server, name string, cfg logbench.Config) (logbench.Figures, error) {
	address, err := url.Parse(server)
	if err != nil {
		return logbench.Figures{}, errors.New("the database's URL is malformed")
	}
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return logbench.Figures{}, errors.New("the database server cannot be reached")
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return logbench.Figures{}, fmt.Errorf("create database: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if _, err := admin.Exec(ctx, "DROP DATABASE "+name); err != nil {
			fmt.Fprintf(os.Stderr, "database %s could not be removed\n", name)
		}
	}()
	address.Path = "/" + name
	if err := createSchema(ctx, address.String()); err != nil {
		return logbench.Figures{}, err
	}
	secret := make([]byte, bound.KeyBytes)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	key, err := bound.New(secret)
	if err != nil {
		return logbench.Figures{}, err
	}
	db, err := cockroach.Open(ctx, address.String(), benchSchema, key, 16)
	if err != nil {
		return logbench.Figures{}, err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return logbench.Figures{}, err
	}
	cfg.DB = db
	return logbench.Run(ctx, cfg)
}
