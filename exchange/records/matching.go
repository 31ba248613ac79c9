package records

import (
	"context"
	"fmt"

	"yilian.example/exchange"
	"yilian.example/exchange/fhir"
)

// Carries opens the current version of a record and says whether it has the identifier as one still in use. What a
// record is found by stands beside it in the database; what it is, in its sealed content. It compares and shows nobody
// anything, so that no access is logged.
func (r *Keeper) Carries(
	ctx context.Context, ref exchange.RecordRef, is func(fhir.Identifier) bool,
) (bool, error) {
	current, err := r.CurrentVersions(ctx, []exchange.RecordRef{ref})
	if err != nil {
		return false, fmt.Errorf("look up record: %w", err)
	}
	now, ok := current[ref]
	if !ok || now.Deleted {
		return false, nil
	}
	s, ok, err := r.Versions.Standing(ctx, now.Patient, ref)
	if err != nil || !ok || s.Deleted {
		return false, err
	}
	cipher, err := r.Keys.DataKey(ctx, now.Patient)
	if err != nil {
		return false, fmt.Errorf("open record: %w", err)
	}
	v, err := r.open(cipher, s)
	if err != nil {
		return false, err
	}
	return fhir.Carries(v.Content, is), nil
}
