package cockroach

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to date. All gateways may call it at the same moment: the row of migration_lock is held,
// in a transaction of its own, while the migrations run, so the second gateway waits and then finds nothing to do. When
// a gateway dies, the server ends its transaction and with it the lock. (Advisory locks do nothing on CockroachDB.)
func (db *DB) Migrate(ctx context.Context) error {
	ctx, cancel := within(ctx, migrationPatience)
	defer cancel()
	pool, err := db.patientPool(ctx)
	if err != nil {
		return fmt.Errorf("migrate database: %w", ended(ctx, err))
	}
	defer pool.Close()
	if err := createMigrationTable(ctx, pool); err != nil {
		return fmt.Errorf("create migration lock: %w", ended(ctx, err))
	}
	err = withMigrationLock(ctx, pool, func() error { return applyMigrations(ctx, pool) })
	if err != nil {
		return fmt.Errorf("migrate database: %w", ended(ctx, err))
	}
	return nil
}

// patientPool is for migrations, whose statements may take longer than those that somebody waits for.
func (db *DB) patientPool(ctx context.Context) (*pgxpool.Pool, error) {
	cfg := db.pool.Config()
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = milliseconds(migrationPatience)
	return pgxpool.NewWithConfig(ctx, cfg)
}

var (
	createMigrationLock = sql("make the migration lock", `CREATE TABLE IF NOT EXISTS migration_lock (id INT8 PRIMARY KEY)`)

	insertMigrationLock = sql("fill the migration lock", `
		INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING`)
)

// createMigrationTable repeats, since CREATE TABLE IF NOT EXISTS by two sessions at once may fail in one of them on
// either server.
func createMigrationTable(ctx context.Context, pool *pgxpool.Pool) error {
	var err error
	for range 20 {
		if _, err = pool.Exec(ctx, createMigrationLock.text); err == nil {
			if _, err = pool.Exec(ctx, insertMigrationLock.text); err == nil {
				return nil
			}
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return err
}

var holdMigrationLock = sql("hold the migration lock", `SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE`)

// withMigrationLock runs work while no other gateway migrates.
func withMigrationLock(ctx context.Context, pool *pgxpool.Pool, work func() error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	var id int64
	if err := tx.QueryRow(ctx, holdMigrationLock.text).Scan(&id); err != nil {
		return err
	}
	return work()
}

// CheckSchema is an error while migrations are outstanding, as a gateway on an old schema would fail request by
// request, and when the schema is not as they make it, as a trigger could make every statement lie.
func (db *DB) CheckSchema(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	pending := false
	err := withMigrations(db.pool, func(p *goose.Provider) error {
		var err error
		pending, err = p.HasPending(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("check schema: %w", ended(ctx, err))
	}
	if pending {
		return errors.New("check schema: the database is older than this program; run `gateway migrate` first")
	}
	if err := db.compareSchema(ctx); err != nil {
		return fmt.Errorf("check schema: %w", err)
	}
	return nil
}

func applyMigrations(ctx context.Context, pool *pgxpool.Pool) error {
	return withMigrations(pool, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// withMigrations reads what migrations there are, for a connection of pool.
func withMigrations(pool *pgxpool.Pool, work func(*goose.Provider) error) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	conn := stdlib.OpenDBFromPool(pool)
	defer conn.Close()
	// Migrations are numbered in ranges by subject, so a lower number may arrive later.
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, files,
		goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true), goose.WithTableName("schema_migrations"))
	if err != nil {
		return err
	}
	return work(provider)
}
