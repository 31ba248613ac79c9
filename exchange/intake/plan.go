package intake

import (
	"context"
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
	ifMatch     string
	ifNoneExist string

	id      string // of an update: from the address; of a create: assigned once, so that a second attempt keeps it
	kind    consortium.Kind
	patient consortium.PatientRef
	version int
	matched bool // a conditional create found it
}

func (d *draft) ref(org consortium.OrgID) exchange.RecordRef {
	return exchange.RecordRef{Org: org, Type: d.resource.Type, ID: d.id}
}

func (d *draft) address() string { return d.resource.Type + "/" + d.id }

// put makes the final bytes.
func (d *draft) put(now time.Time, link func(string) (string, bool)) exchange.Put {
	put := exchange.Put{
		Type: d.resource.Type, ID: d.id, Patient: d.patient, Kind: d.kind, Version: d.version, Recorded: now,
		Content: d.resource.Splice(fhir.Edit{ID: d.id, Version: d.version, Updated: now, Link: link}),
	}
	for _, id := range d.resource.Identifiers() {
		if id.Current() {
			put.Tokens = append(put.Tokens, token(id))
		}
	}
	if criteria, ok := fhir.ParseCriteria(d.ifNoneExist); ok {
		unless := token(criteria)
		put.Unless = &unless
	}
	if start, end, ok := d.resource.CareTime(); ok {
		put.Care = &exchange.CareWindow{Start: start, End: end}
	}
	return put
}

// token is what a record with the identifier is found by.
func token(id fhir.Identifier) exchange.Token {
	return exchange.Token{Param: "identifier", System: id.System, Value: id.Value}
}

// plan finds out ids, versions and patients of drafts that are stored together.
type plan struct {
	in     *Intake
	drafts []*draft
	urls   map[string]*draft // full address of an entry -> entry; nil outside transactions

	byAddress map[string]*draft   // Type/id
	short     map[string][]*draft // Type/id at the end of an entry's full address, wherever that is
	stored    map[exchange.RecordRef]exchange.Current
	queries   map[string]string // conditional reference -> Type/id
}

func (p *plan) make(ctx context.Context) error {
	if err := p.placeAll(ctx); err != nil {
		return err
	}
	p.shorten()
	for _, step := range []func(context.Context) error{p.links, p.current, p.sure} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, d := range p.drafts {
		if err := p.number(d); err != nil {
			return err
		}
	}
	for _, d := range p.drafts {
		if err := p.whose(d); err != nil {
			return err
		}
	}
	return nil
}

// placeAll finds the address of each draft; no two have the same.
func (p *plan) placeAll(ctx context.Context) error {
	p.byAddress = make(map[string]*draft, len(p.drafts))
	for _, d := range p.drafts {
		if err := p.place(ctx, d); err != nil {
			return err
		}
		if p.byAddress[d.address()] != nil && !d.matched {
			return refuse(d.place, CodeEntryRepeated, "The same resource stands in the bundle twice.")
		}
		p.byAddress[d.address()] = d
	}
	return nil
}

// place checks that the type is kept and fixes the id.
func (p *plan) place(ctx context.Context, d *draft) error {
	class, ok := fhir.ClassOf(d.resource.Type)
	if !ok {
		return fault.New(
			fault.Unsupported, CodeTypeNotKept,
			"Resources of type "+d.resource.Type+" are not kept here; "+
				"the CapabilityStatement at /fhir/metadata lists those that are.",
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
		d.id, d.matched = "", false // an attempt before found it; it may be another by now
	}
	if d.ifNoneExist != "" {
		id, err := p.find(ctx, d.resource.Type, d.ifNoneExist, d.place)
		if err != nil {
			return err
		}
		if d.matched = id != ""; d.matched {
			d.id = id
			return nil
		}
	}
	if d.id == "" {
		d.id = p.in.NewID()
	}
	return nil
}

// number returns the draft its version and checks If-Match.
func (p *plan) number(d *draft) error {
	now := p.stored[d.ref(p.in.Org)]
	if d.matched {
		d.version = now.Number
		return nil
	}
	want, err := MatchVersion(d.ifMatch)
	if err != nil {
		return err
	}
	if want != 0 && want != now.Number {
		return changedMeanwhile()
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
