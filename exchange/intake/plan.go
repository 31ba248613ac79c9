package intake

import (
	"context"
	"slices"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// draft is one resource on its way in. The first block is what was sent; the plan fills the second.
type draft struct {
	resource    *fhir.Resource
	remarks     fhir.Issues
	place       string // for issues, for example Bundle.entry[3].resource
	update      bool
	only        Conditions
	ifNoneExist string

	id      string // of an update: from the address; of a create: assigned once, so that a second attempt keeps it
	kind    consortium.Kind
	patient consortium.PatientRef
	version int
	matched bool   // a conditional create found it
	twin    *draft // of a matched one: the draft of the same transaction that is created and meets its condition
}

func (d *draft) ref(org consortium.OrgID) exchange.RecordRef {
	return exchange.RecordRef{Org: org, Type: d.resource.Type, ID: d.id}
}

func (d *draft) address() string { return d.resource.Type + "/" + d.id }

// put makes the final bytes.
func (p *plan) put(d *draft, now time.Time) exchange.Put {
	put := exchange.Put{
		Type: d.resource.Type, ID: d.id, Patient: d.patient, Kind: d.kind, Version: d.version, Recorded: now,
		Content: d.resource.Splice(fhir.Edit{ID: d.id, Version: d.version, Updated: now, Link: p.link}),
	}
	for _, id := range d.resource.Identifiers() {
		if id.Current() {
			put.Tokens = append(put.Tokens, p.in.Token(id))
		}
	}
	if criteria, ok := fhir.ParseCriteria(d.ifNoneExist); ok && p.in.matchable(criteria) {
		unless := p.in.Token(criteria)
		put.Unless = &unless
	}
	if start, end, ok := d.resource.CareTime(); ok {
		put.Care = &exchange.CareWindow{Start: start, End: end}
	}
	return put
}

// Token returns what a record with the identifier is found by, however the identifier was written.
func (in *Intake) Token(id fhir.Identifier) exchange.Token {
	folded := in.Matching.Fold(id.System, id.Value)
	return exchange.Token{Param: "identifier", System: folded.System, Value: folded.Value}
}

func (in *Intake) matchable(id fhir.Identifier) bool {
	return in.Matching.Matchable(id.System, id.Value)
}

// plan finds out ids, versions and patients of drafts that are stored together.
type plan struct {
	in     *Intake
	drafts []*draft
	urls   map[string]*draft // full address of an entry -> entry; nil outside transactions

	byAddress map[string]*draft    // Type/id
	meets     map[condition]*draft // the first draft of this transaction that is created under a condition
	short     map[string][]*draft  // Type/id at the end of an entry's full address, wherever that is
	stored    map[exchange.RecordRef]exchange.Current
	queries   map[string]string // conditional reference -> Type/id
}

// condition is what a conditional create depends on.
type condition struct {
	typ   string
	token exchange.Token
}

func (p *plan) make(ctx context.Context) error {
	p.byAddress, p.meets = make(map[string]*draft, len(p.drafts)), map[condition]*draft{}
	if err := p.each(func(d *draft) error { return p.enter(ctx, d) }); err != nil {
		return err
	}
	p.shorten()
	for _, step := range []func(context.Context) error{p.links, p.current, p.sure} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := p.each(p.number); err != nil {
		return err
	}
	return p.each(p.whose)
}

// each does a step for every draft. What refuses one names it, so that whoever sent a thousand knows which.
func (p *plan) each(step func(*draft) error) error {
	for _, d := range p.drafts {
		if err := step(d); err != nil {
			return at(d.place, err)
		}
	}
	return nil
}

// enter puts a draft at its place among the others.
func (p *plan) enter(ctx context.Context, d *draft) error {
	if err := p.place(ctx, d); err != nil {
		return err
	}
	if d.twin != nil {
		return nil
	}
	switch already := p.byAddress[d.address()]; {
	case already == nil:
		p.byAddress[d.address()] = d
	case !d.matched:
		return refuse(d.place, CodeEntryRepeated, "The same resource stands in the bundle twice.")
	}
	return nil // what a condition found leaves the entry that changes it in its place
}

// place checks that the type is kept and fixes the id.
func (p *plan) place(ctx context.Context, d *draft) error {
	class, ok := fhir.ClassOf(d.resource.Type)
	if !ok {
		return fault.New(
			fault.Unsupported, CodeTypeNotKept,
			"Resources of type "+d.resource.Type+" are not kept here; the CapabilityStatement at /fhir/metadata lists "+
				"those that are.",
		)
	}
	d.kind = class.Kind
	if d.update {
		if d.resource.ID != d.id {
			return refuse(d.place+".id", CodeIDMismatch, "The resource must carry the id that the address names.")
		}
		if d.id == "." || d.id == ".." { // FHIR allows them, but addresses with them lead elsewhere (RFC 3986, 5.2.4)
			return refuse(d.place+".id", CodeIDUnusable, "The ids . and .. cannot stand in an address. Choose another id.")
		}
		return nil
	}
	if d.matched {
		d.id, d.matched, d.twin = "", false, nil // an attempt before found it; it may be another by now
	}
	if d.ifNoneExist != "" {
		if err := p.match(ctx, d); err != nil || d.matched {
			return err
		}
	}
	if d.id == "" {
		d.id = p.in.NewID()
	}
	return nil
}

// match looks for what meets the condition of a create: a record that is kept, or an earlier entry of the transaction.
func (p *plan) match(ctx context.Context, d *draft) error {
	criteria, ok := fhir.ParseCriteria(d.ifNoneExist)
	if !ok {
		return refuse(d.place, CodeCriteria, "Only identifier=system|value is served as a condition.")
	}
	token := p.in.Token(criteria)
	if !slices.ContainsFunc(d.resource.Identifiers(), func(id fhir.Identifier) bool {
		return id.Current() && p.in.Token(id) == token
	}) {
		return refuse(
			d.place, CodeConditionUnmet,
			"The resource does not carry the identifier of its own condition: it would be created anew each time.",
		)
	}
	if !p.in.matchable(criteria) {
		return nil // what has the same placeholder is not the same: it is created, with a warning
	}
	id, err := p.find(ctx, d.resource.Type, token)
	if err != nil {
		return err
	}
	if id != "" {
		d.matched, d.id = true, id
		return nil
	}
	key := condition{d.resource.Type, token}
	if d.twin = p.meets[key]; d.twin != nil {
		d.matched, d.id = true, d.twin.id
		return nil
	}
	p.meets[key] = d
	return nil
}

// number returns the draft its version and checks If-Match.
func (p *plan) number(d *draft) error {
	now := p.stored[d.ref(p.in.Org)]
	switch {
	case d.twin != nil:
		d.version = 1
		return nil
	case d.matched:
		d.version = now.Number
		return nil
	}
	want, err := MatchVersion(d.only.Match)
	if err != nil {
		return err
	}
	if want != 0 && want != now.Number {
		return changedMeanwhile()
	}
	switch d.only.NoneMatch {
	case "":
	case "*":
		if now.Number > 0 && !now.Deleted {
			return fault.New(
				fault.Conflict, CodeExists,
				"The resource exists already, and If-None-Match: * asks not to overwrite it. Nothing was changed.",
			)
		}
	default:
		return refuse(d.place, CodeCondition, "Of If-None-Match only * is served: store it only when there is none yet.")
	}
	d.version = now.Number + 1
	return nil
}

func changedMeanwhile() error {
	return fault.New(
		fault.Conflict, CodeVersionConflict,
		"The resource has another version by now. Read it again, then repeat the change.",
	)
}
