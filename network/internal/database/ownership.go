package database

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/network/internal/durable"
	"yilian.example/network/topology"
)

// sharedSchema is for what all members may read. A role that nobody is owns it, so that no member can give itself more
// there than it was granted.
const sharedSchema = "shared"

// maxIdentifier is how long a name may be in PostgreSQL; a longer one would be cut, and then two could be one.
const maxIdentifier = 63

// MemberURL is the database as a member's gateway reaches it: with the member's own role. The role's password is made
// if it is missing.
func (s Server) MemberURL(state topology.State, org string) (string, error) {
	u, name, err := s.parse()
	if err != nil {
		return "", err
	}
	role := roleName(name, org)
	if len(role) > maxIdentifier {
		return "", fmt.Errorf("name role of %s: %q is longer than %d characters", org, role, maxIdentifier)
	}
	u.Path, u.User = "/"+name, url.User(role)
	if s.trusting {
		return u.String(), nil
	}
	password, err := secret(passwordFile(state, org))
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(role, password)
	return u.String(), nil
}

// roleName has the database's name in it: a server's roles are shared by all its databases.
func roleName(database, org string) string { return database + "_" + org }

func passwordFile(state topology.State, org string) string {
	return state.Org(org, "gateway", "database.password")
}

// parse takes the operator's URL apart, and finds the database's name.
func (s Server) parse() (*url.URL, string, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "postgresql" && u.Scheme != "postgres" {
		return nil, "", errors.New("the database's address is not a postgresql:// URL") // it may hold a password
	}
	parsed, err := pgx.ParseConfig(s.URL)
	if err != nil {
		return nil, "", errors.New("the database's URL cannot be parsed")
	}
	if parsed.Database == "" {
		return u, parsed.User, nil
	}
	return u, parsed.Database, nil
}

// Own sees to it that each member has a schema and a role that owns it, which alone may read and write it. What is
// there already is left alone, and then the URL's user need not be anybody special. Where something is missing and that
// user may not make it, the SQL for whoever may is put into a file that the error names.
func (s Server) Own(ctx context.Context, state topology.State, members []string) error {
	o := owner{server: s, state: state, members: members}
	err := durable.WriteFile(state.Path("secrets", "database.url"), []byte(s.URL+"\n"))
	if err != nil {
		return err
	}
	if o.check(ctx) == nil {
		return nil
	}
	for range 20 {
		err = o.make(ctx)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			break
		}
		// Of two that make the same role or schema at once, one is told that it exists; it looks again.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err != nil {
		return fmt.Errorf("give members their schemas: %s", redact(err.Error(), s.URL))
	}
	return o.check(ctx)
}

type owner struct {
	server  Server
	state   topology.State
	members []string
}

// check connects as every member, and wants each to own its schema and to reach no other's.
func (o owner) check(ctx context.Context) error {
	for _, org := range o.members {
		err := o.checkMember(ctx, org)
		if err != nil {
			return fmt.Errorf("check database role of %s: %w", org, err)
		}
	}
	return nil
}

const queryOwned = `
	SELECT COALESCE(pg_get_userbyid(n.nspowner)::TEXT = current_user::TEXT, false),
		r.rolsuper OR r.rolcreaterole OR r.rolcreatedb,
		(SELECT count(*) FROM pg_namespace AS p WHERE p.nspname = 'public' AND has_schema_privilege(p.oid, 'CREATE')),
		(SELECT count(*) FROM pg_namespace AS m WHERE m.nspname = ANY ($2::TEXT[]) AND has_schema_privilege(m.oid, 'USAGE')),
		(SELECT count(*) FROM pg_namespace AS c WHERE c.nspname = 'shared' AND has_schema_privilege(c.oid, 'USAGE'))
	FROM pg_namespace AS n, pg_roles AS r
	WHERE n.nspname = $1 AND r.rolname::TEXT = current_user::TEXT`

func (o owner) checkMember(ctx context.Context, org string) error {
	address, err := o.server.MemberURL(o.state, org)
	if err != nil {
		return err
	}
	connection, err := pgx.Connect(ctx, address)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "28") {
		return errors.New("the server does not let it in: there is no such role, or it has another password, as the role " +
			"of another consortium on the same database has; use another database, or drop the role and its schema")
	}
	if err != nil {
		return errors.New("connect: " + redact(err.Error(), address))
	}
	defer connection.Close(ctx)
	var owned, mighty bool
	var public, strangers, shared int
	others := make([]string, 0, len(o.members))
	for _, other := range o.members {
		if other != org {
			others = append(others, other)
		}
	}
	err = connection.QueryRow(ctx, queryOwned, org, others).Scan(&owned, &mighty, &public, &strangers, &shared)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("there is no schema %s", org)
	case err != nil:
		return fmt.Errorf("look at privileges: %w", err)
	case !owned:
		return fmt.Errorf("it does not own schema %s", org)
	case mighty:
		return errors.New("it may more than a member should: it is a superuser, or makes roles or databases")
	case public > 0:
		return errors.New("it may create in schema public, where everybody's names are looked up")
	case strangers > 0:
		return errors.New("it may use another member's schema")
	case shared == 0:
		return errors.New("it may not use schema " + sharedSchema)
	}
	return nil
}

// make makes what is missing.
func (o owner) make(ctx context.Context) error {
	connection, err := pgx.Connect(ctx, o.server.URL)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer connection.Close(ctx)
	found, err := o.look(ctx, connection)
	if err != nil {
		return err
	}
	if found.old {
		return errors.New("the database holds the tables of all members in one schema, as they were before each member had " +
			"its own: run `make clean` (with DATABASE_URL, drop and create the database), and start again")
	}
	statements, err := o.statements(found)
	if err != nil {
		return err
	}
	if !found.may {
		return o.hand(statements)
	}
	for _, statement := range statements {
		_, err = connection.Exec(ctx, statement)
		if err != nil {
			return fmt.Errorf("run %.40q: %w", statement, err)
		}
	}
	return nil
}

// hand writes the statements down for whoever may run them. They hold no password: only what the server checks one by.
func (o owner) hand(statements []string) error {
	file := o.state.Path("secrets", "database.sql")
	err := durable.WriteFile(file, []byte(strings.Join(statements, ";\n")+";\n"))
	if err != nil {
		return err
	}
	return fmt.Errorf("the user of DATABASE_URL may not make roles and schemas in this database: have its owner or a "+
		"superuser run %s there (psql -f), and start again", file)
}
