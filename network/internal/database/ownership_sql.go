package database

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// found is what there is already, and what the operator's user may do.
type found struct {
	old, may, super bool
	database        string
	roles, schemas  map[string]bool
}

const (
	queryMay = `
		SELECT current_database(), r.rolsuper, r.rolsuper OR r.rolcreaterole AND pg_has_role(d.datdba, 'MEMBER'),
			(SELECT count(*) > 0 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'schema_migrations')
		FROM pg_roles AS r, pg_database AS d
		WHERE r.rolname::TEXT = current_user::TEXT AND d.datname = current_database()`

	queryRoles = `SELECT rolname::TEXT FROM pg_roles`

	querySchemas = `SELECT nspname::TEXT FROM pg_namespace`
)

func (o owner) look(ctx context.Context, connection *pgx.Conn) (found, error) {
	var f found
	err := connection.QueryRow(ctx, queryMay).Scan(&f.database, &f.super, &f.may, &f.old)
	if err != nil {
		return found{}, fmt.Errorf("look what this user may: %w", err)
	}
	f.roles, err = names(ctx, connection, queryRoles)
	if err != nil {
		return found{}, fmt.Errorf("list roles: %w", err)
	}
	f.schemas, err = names(ctx, connection, querySchemas)
	if err != nil {
		return found{}, fmt.Errorf("list schemas: %w", err)
	}
	return f, nil
}

func names(ctx context.Context, connection *pgx.Conn, query string) (map[string]bool, error) {
	rows, err := connection.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(list))
	for _, name := range list {
		out[name] = true
	}
	return out, nil
}

// statements makes everybody's role and schema, and takes from everybody what is everybody's by default.
func (o owner) statements(f found) ([]string, error) {
	database, sharedRole := quote(f.database), roleName(f.database, sharedSchema)
	var roles, schemas, before, after []string
	if !f.roles[sharedRole] {
		roles = append(roles, "CREATE ROLE "+quote(sharedRole)+" NOLOGIN")
	}
	for _, org := range append([]string{sharedSchema}, o.members...) {
		role := quote(roleName(f.database, org))
		// Only who belongs to a role may give it a schema; a superuser may in any case.
		if !f.super {
			before = append(before, "GRANT "+role+" TO CURRENT_USER")
			after = append(after, "REVOKE "+role+" FROM CURRENT_USER")
		}
		if !f.schemas[org] {
			schemas = append(schemas, "CREATE SCHEMA IF NOT EXISTS "+quote(org)+" AUTHORIZATION "+role)
		}
	}
	for _, org := range o.members {
		statement, err := o.role(f, org)
		if err != nil {
			return nil, err
		}
		if statement != "" {
			roles = append(roles, statement)
		}
		role := quote(roleName(f.database, org))
		schemas = append(schemas, "GRANT CONNECT ON DATABASE "+database+" TO "+role,
			"GRANT USAGE ON SCHEMA "+sharedSchema+" TO "+role)
	}
	public := []string{
		"REVOKE ALL ON DATABASE " + database + " FROM PUBLIC", "REVOKE ALL ON SCHEMA public FROM PUBLIC",
	}
	return concat(public, roles, before, schemas, after), nil
}

// role makes a member's role. One without its schema is left over from a database of the same name that was dropped: it
// gets the new password. One with its schema keeps its own, whoever knows it.
func (o owner) role(f found, org string) (string, error) {
	name := roleName(f.database, org)
	verb := "CREATE"
	if f.roles[name] {
		verb = "ALTER"
	}
	if f.roles[name] && (f.schemas[org] || o.server.trusting) {
		return "", nil
	}
	statement := verb + " ROLE " + quote(name) + " LOGIN"
	if o.server.trusting {
		return statement, nil
	}
	password, err := secret(passwordFile(o.state, org))
	if err != nil {
		return "", err
	}
	verifier, err := scram(password)
	if err != nil {
		return "", err
	}
	return statement + " PASSWORD '" + verifier + "'", nil
}

// scram is what the server keeps in place of a password (RFC 5803), so that the password itself never reaches it, its
// log or a file of statements.
func scram(password string) (string, error) {
	const rounds = 4096
	salt := make([]byte, 16)
	_, err := rand.Read(salt)
	if err != nil {
		return "", fmt.Errorf("generate salt: %w", err)
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive key: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(
		"SCRAM-SHA-256$%d:%s$%s:%s", rounds, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key")),
	), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func concat(lists ...[]string) []string {
	var out []string
	for _, list := range lists {
		out = append(out, list...)
	}
	return out
}
