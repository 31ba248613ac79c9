// Package status is the one table from kinds of error to HTTP, for JSON, FHIR and pages alike: a caller must not learn
// two answers to one mistake. It knows no transport but the numbers.
package status

import (
	"net/http"

	"yilian.example/exchange/fault"
)

// kinds has a status for each kind of error (RFC 9110, section 15).
var kinds = map[fault.Kind]int{
	fault.Internal:     http.StatusInternalServerError,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Malformed:    http.StatusBadRequest,
	fault.Invalid:      http.StatusUnprocessableEntity,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Gone:         http.StatusGone,
	fault.Conflict:     http.StatusConflict,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Unsupported:  http.StatusNotFound,
	fault.TooMany:      http.StatusTooManyRequests,
}

// OfKind returns the status of a kind of error.
func OfKind(k fault.Kind) int { return kinds[k] }
