package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// maxListed bounds one page of a patient's records.
const maxListed = 2000

// Kept is what Reading needs of the records store. Every call that shows content logs the access in the same
// transaction.
type Kept interface {
	// Describe tells of which patient and kind the current version of a record is, without reading it; fault.NotFound
	// where there is none.
	Describe(ctx context.Context, ref RecordRef) (consortium.PatientRef, consortium.Kind, error)
	// Read gives one version (0: the current one); fault.Gone when it is a deletion.
	Read(ctx context.Context, a Access, ref RecordRef, number int) (Version, error)
	// ListAll gives the current versions of the decided patient and kinds.
	ListAll(ctx context.Context, a Access, limit int) ([]Version, error)
	LogAccess(ctx context.Context, a Access) error
	// Holdings tells which members hold what kinds on a patient.
	Holdings(ctx context.Context, patient consortium.PatientRef) ([]Holding, error)
}

// Reading is the one door through which anybody of, or at, this organisation sees records: decide, log, read. Pages and
// APIs have no other.
type Reading struct {
	Org     consortium.OrgID
	Decider Decider
	Kept    Kept
	Now     func() time.Time
}

// List gives the current versions of a patient's records of some kinds.
func (r *Reading) List(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	kinds []consortium.Kind,
) ([]Version, error) {
	a, err := r.mayRead(ctx, actor, purpose, patient, kinds)
	if err != nil {
		return nil, err
	}
	return r.Kept.ListAll(ctx, a, maxListed)
}

// Read gives one version of one record; number 0 is the current one. To a patient the records of others do not exist.
func (r *Reading) Read(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref RecordRef, number int,
) (Version, error) {
	patient, kind, err := r.Kept.Describe(ctx, ref)
	if err != nil {
		return Version{}, err
	}
	a, err := r.mayRead(ctx, actor, purpose, patient, []consortium.Kind{kind})
	if err != nil {
		if actor.Role == consortium.RolePatient && actor.Patient != patient && fault.Is(err, fault.Forbidden) {
			return Version{}, fault.Wrap(err, fault.NotFound, "NOT_FOUND", "There is no such record.")
		}
		return Version{}, err
	}
	return r.Kept.Read(ctx, a, ref, number)
}

// Locate tells which members hold what on a patient, as far as the policy lets the actor know: of the kinds that it
// allows, at the members that it does not rule out.
func (r *Reading) Locate(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) ([]Holding, error) {
	d, err := r.decideLocate(ctx, actor, purpose, patient)
	if err != nil {
		return nil, err
	}
	if err := r.Kept.LogAccess(ctx, Access{Decision: d}); err != nil {
		return nil, fmt.Errorf("log locating: %w", err)
	}
	if !d.Allow {
		return nil, NewRefused(d)
	}
	holdings, err := r.Kept.Holdings(ctx, patient)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(holdings, func(h Holding) bool {
		return !slices.Contains(d.Query.Kinds, h.Kind) || !permittedMember(d.Obligations, h.Org)
	}), nil
}

// decideLocate asks about all kinds at once, which is enough for most. Where that is refused it asks kind by kind and
// then about those that are allowed; when none is, the refusal about all of them stands.
func (r *Reading) decideLocate(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) (consortium.Decision, error) {
	ask := func(kinds ...consortium.Kind) (consortium.Decision, error) {
		return r.ask(ctx, actor, purpose, consortium.ActionLocate, patient, kinds)
	}
	whole, err := ask(consortium.PatientKinds()...)
	if err != nil || whole.Allow {
		return whole, err
	}
	var some []consortium.Kind
	for _, kind := range consortium.PatientKinds() {
		d, err := ask(kind)
		if err != nil {
			return consortium.Decision{}, err
		}
		if d.Allow {
			some = append(some, kind)
		}
	}
	if len(some) == 0 {
		return whole, nil
	}
	slices.Sort(some)
	return ask(some...)
}

// fromMember is the obligation to show only what the named members hold: "FROM:<org>", once for each.
const fromMember = "FROM:"

func permittedMember(obligations []string, org consortium.OrgID) bool {
	limited := false
	for _, o := range obligations {
		if name, ok := strings.CutPrefix(o, fromMember); ok {
			limited = true
			if name == string(org) {
				return true
			}
		}
	}
	return !limited
}

// Refused is a policy's refusal as an error, with the whole decision for those who show its reasons.
type Refused struct {
	Decision consortium.Decision
	fault    *fault.Error
}

// Error gives the text for logs.
func (r *Refused) Error() string { return r.fault.Error() }

// Unwrap gives the classified error.
func (r *Refused) Unwrap() error { return r.fault }

// mayRead decides a reading; a refusal is logged and is an error.
func (r *Reading) mayRead(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	kinds []consortium.Kind,
) (Access, error) {
	d, err := r.ask(ctx, actor, purpose, consortium.ActionRead, patient, kinds)
	if err != nil {
		return Access{}, err
	}
	a := Access{Decision: d}
	if d.Allow {
		return a, nil
	}
	if err := r.Kept.LogAccess(ctx, a); err != nil {
		return Access{}, fmt.Errorf("log refusal: %w", err)
	}
	return Access{}, NewRefused(d)
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

// NewRefused makes the error of a decision that does not allow.
func NewRefused(d consortium.Decision) *Refused {
	code, text := "REFUSED", "The policy does not allow this."
	if len(d.Reasons) > 0 {
		code = d.Reasons[0].Code
		text = "The policy does not allow this (" + code + ", " + d.Reasons[0].Article + ")."
	}
	return &Refused{Decision: d, fault: fault.New(fault.Forbidden, fault.Code(code), text)}
}
