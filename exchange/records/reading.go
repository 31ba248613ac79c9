package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Kept is what Reading needs of the records store. Every call that shows content logs the access in the same
// transaction.
type Kept interface {
	// Describe tells of which patient and kind the current version of a record is, without reading it; fault.NotFound
	// where there is none.
	Describe(ctx context.Context, ref exchange.RecordRef) (consortium.PatientRef, consortium.Kind, error)
	// Read returns one version (0: the current one); fault.Gone when it is a deletion.
	Read(ctx context.Context, a exchange.Access, ref exchange.RecordRef, number int) (exchange.Version, error)
	// List returns a page of the current versions of the decided patient and kinds.
	List(ctx context.Context, a exchange.Access, page exchange.Page) ([]exchange.Version, error)
	LogAccess(ctx context.Context, a exchange.Access) error
	// Holdings tells what kinds of records are held here on a patient.
	Holdings(ctx context.Context, patient consortium.PatientRef) ([]exchange.Holding, error)
}

// Reading is the one door through which anybody of, or at, this organisation sees records: decide, log, read. Pages and
// APIs have no other.
type Reading struct {
	Org     consortium.OrgID
	Decider exchange.Decider
	Kept    Kept
	Now     func() time.Time
}

// List returns a page of the current versions of a patient's records of some kinds, with how many there are of each.
// Without a limit it is read on until nothing follows: what the page does not limit is never cut.
func (r *Reading) List(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	kinds []consortium.Kind, page exchange.Page,
) (exchange.Listing, error) {
	a, err := r.mayRead(ctx, actor, purpose, patient, kinds)
	if err != nil {
		return exchange.Listing{}, err
	}
	whole := page.Limit == 0
	if whole {
		page.Limit = maxPage
	}
	out := exchange.Listing{Totals: map[consortium.Kind]int{}}
	for {
		versions, err := r.Kept.List(ctx, a, page)
		if err != nil {
			return exchange.Listing{}, err
		}
		out.Versions = append(out.Versions, versions...)
		if !whole || len(versions) < page.Limit {
			break
		}
		page.Skip += len(versions)
	}
	holdings, err := r.Kept.Holdings(ctx, patient)
	if err != nil {
		return exchange.Listing{}, err
	}
	for _, h := range holdings {
		if slices.Contains(kinds, h.Kind) {
			out.Totals[h.Kind] = h.Count
		}
	}
	return out, nil
}

// Read returns one version of one record; number 0 is the current one. To a patient the records of others do not exist.
func (r *Reading) Read(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
) (exchange.Version, error) {
	patient, kind, err := r.Kept.Describe(ctx, ref)
	if err != nil {
		return exchange.Version{}, err
	}
	a, err := r.mayRead(ctx, actor, purpose, patient, []consortium.Kind{kind})
	if err != nil {
		if actor.Role == consortium.RolePatient && actor.Patient != patient && fault.Is(err, fault.Forbidden) {
			return exchange.Version{}, fault.Wrap(err, fault.NotFound, CodeNotFound, "There is no such record.")
		}
		return exchange.Version{}, err
	}
	return r.Kept.Read(ctx, a, ref, number)
}

// Locate tells what this organisation holds on a patient, as far as the policy lets the actor know. What the others
// hold they tell themselves (exchange/release).
func (r *Reading) Locate(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	d, err := exchange.DecideKinds(func(kinds []consortium.Kind) (consortium.Decision, error) {
		return r.ask(ctx, actor, purpose, consortium.ActionLocate, patient, kinds)
	})
	if err != nil {
		return nil, err
	}
	if err := r.Kept.LogAccess(ctx, exchange.Access{Decision: d}); err != nil {
		return nil, fmt.Errorf("log locating: %w", err)
	}
	if !d.Allow {
		return nil, exchange.NewRefused(d)
	}
	holdings, err := r.Kept.Holdings(ctx, patient)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(holdings, func(h exchange.Holding) bool {
		return !slices.Contains(d.Query.Kinds, h.Kind)
	}), nil
}

// mayRead decides a reading; a refusal is logged and is an error.
func (r *Reading) mayRead(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	kinds []consortium.Kind,
) (exchange.Access, error) {
	d, err := r.ask(ctx, actor, purpose, consortium.ActionRead, patient, kinds)
	if err != nil {
		return exchange.Access{}, err
	}
	a := exchange.Access{Decision: d}
	if d.Allow {
		return a, nil
	}
	if err := r.Kept.LogAccess(ctx, a); err != nil {
		return exchange.Access{}, fmt.Errorf("log refusal: %w", err)
	}
	return exchange.Access{}, exchange.NewRefused(d)
}

func (r *Reading) ask(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, action consortium.Action,
	patient consortium.PatientRef, kinds []consortium.Kind,
) (consortium.Decision, error) {
	d, err := r.Decider.Decide(ctx, consortium.Query{
		Actor: actor, Purpose: purpose, Action: action, Custodian: r.Org, Patient: patient, Kinds: kinds, Time: r.Now().UTC(),
	})
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("decide %s: %w", action, err)
	}
	return d, nil
}
