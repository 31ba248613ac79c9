package cockroach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange/fault"
)

func TestClassify(t *testing.T) {
	server := func(code string) error {
		return &pgconn.PgError{Code: code, Message: "secret words", Detail: "Key (patient)=(pabc)"}
	}
	tests := []struct {
		name string
		err  error
		kind fault.Kind
		code string
	}{
		{"no row", pgx.ErrNoRows, fault.NotFound, "NOT_FOUND"},
		{"unique", server("23505"), fault.Conflict, "ALREADY_EXISTS"},
		{"wrapped unique", fmt.Errorf("save: %w", server("23505")), fault.Conflict, "ALREADY_EXISTS"},
		{"serialisation", server("40001"), fault.Unavailable, "CONTENTION"},
		{"serialisation at commit", commitError{server("40001")}, fault.Unavailable, "CONTENTION"},
		{"too many connections", server("53300"), fault.Unavailable, "DATABASE_DOWN"},
		{"shutting down", server("57P01"), fault.Unavailable, "DATABASE_DOWN"},
		{"shutting down at commit", commitError{server("57P01")}, fault.Unavailable, "OUTCOME_UNKNOWN"},
		{"lost at commit", commitError{io.ErrUnexpectedEOF}, fault.Unavailable, "OUTCOME_UNKNOWN"},
		{"CockroachDB lost the answer", commitError{server("40003")}, fault.Unavailable, "OUTCOME_UNKNOWN"},
		{"rolled back instead", commitError{pgx.ErrTxCommitRollback}, fault.Internal, "DATABASE"},
		{"lost before commit", io.ErrUnexpectedEOF, fault.Unavailable, "DATABASE_DOWN"},
		{"cancelled", context.Canceled, fault.Unavailable, "TIMED_OUT"},
		{"cancelled by the server", server("57014"), fault.Unavailable, "DATABASE_SLOW"},
		{"cancelled at commit", commitError{context.DeadlineExceeded}, fault.Unavailable, "OUTCOME_UNKNOWN"},
		{"defect", server("42703"), fault.Internal, "DATABASE"},
		{"unknown", errors.New("secret words"), fault.Internal, "DATABASE"},
		{"odd code", server(""), fault.Internal, "DATABASE"},
		{"known already", fault.New(fault.Gone, "ERASED", "Erased."), fault.Gone, "ERASED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fault.Of(classify(tt.err))
			if got.Kind != tt.kind || got.Code != fault.Code(tt.code) {
				t.Errorf("got %d %s, want %d %s", got.Kind, got.Code, tt.kind, tt.code)
			}
			if strings.Contains(got.Public, "secret") || strings.Contains(classify(tt.err).Error(), "pabc") {
				t.Errorf("shows what it must not: %q / %v", got.Public, classify(tt.err))
			}
		})
	}
	if classify(nil) != nil {
		t.Error("no error became one")
	}
}
