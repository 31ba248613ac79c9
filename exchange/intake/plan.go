package intake

import (
	"context"
	"fmt"
	"strings"
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
		put.Tokens = append(put.Tokens, exchange.Token{Param: "identifier", System: id.System, Value: id.Value})
	}
	if criteria, ok := fhir.ParseCriteria(d.ifNoneExist); ok {
		put.Unless = &exchange.Token{Param: "identifier", System: criteria.System, Value: criteria.Value}
	}
	if start, end, ok := d.resource.CareTime(); ok {
		put.Care = &exchange.CareWindow{Start: start, End: end}
	}
	return put
}

// plan finds out ids, versions and patients of drafts that are stored together.
type plan struct {
	in     *Intake
	drafts []*draft
	urls   map[string]*draft // full address of an entry -> entry; nil outside transactions

	byAddress map[string]*draft // Type/id
	stored    map[exchange.RecordRef]exchange.Current
	queries   map[string]string // conditional reference -> Type/id
}

func (p *plan) make(ctx context.Context) error {
	p.byAddress = make(map[string]*draft, len(p.drafts))
	for _, d := range p.drafts {
		if err := p.place(ctx, d); err != nil {
			return err
		}
		if p.byAddress[d.address()] != nil && !d.matched {
			return refuse(d.place, "ENTRY_REPEATED", "The same resource stands in the bundle twice.")
		}
		p.byAddress[d.address()] = d
	}
	if err := p.links(ctx); err != nil {
		return err
	}
	if err := p.current(ctx); err != nil {
		return err
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

// place checks that the type is kept and fixes the id.
func (p *plan) place(ctx context.Context, d *draft) error {
	class, ok := fhir.ClassOf(d.resource.Type)
	if !ok {
		return fault.New(
			fault.Unsupported, "TYPE_NOT_KEPT",
			"Resources of type "+d.resource.Type+" are not kept here; the CapabilityStatement at /fhir/metadata lists those that are.",
		)
	}
	d.kind = class.Kind
	if d.update {
		if d.resource.ID != d.id {
			return refuse(d.place+".id", "ID_MISMATCH", "The resource must carry the id that the address names.")
		}
		if d.id == "." || d.id == ".." { // FHIR allows them, but addresses with them lead elsewhere (RFC 3986, 5.2.4)
			return refuse(d.place+".id", "ID_UNUSABLE", "The ids . and .. cannot stand in an address. Choose another id.")
		}
		return nil
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

// find gives the id of the one resource that the criteria name, or "".
func (p *plan) find(ctx context.Context, typ, query, place string) (string, error) {
	criteria, ok := fhir.ParseCriteria(query)
	if !ok {
		return "", refuse(place, "CRITERIA", "Only identifier=system|value is served as a condition.")
	}
	ids, err := p.in.Shelf.Find(ctx, typ, []exchange.Token{{Param: "identifier", System: criteria.System, Value: criteria.Value}})
	if err != nil {
		return "", fmt.Errorf("find by identifier: %w", err)
	}
	switch len(ids) {
	case 0:
		return "", nil
	case 1:
		return ids[0], nil
	}
	return "", fault.New(
		fault.Conflict, "MULTIPLE_MATCHES",
		"More than one resource carries this identifier, so the condition is ambiguous.",
	)
}

// links checks that every reference into the bundle leads somewhere, and resolves conditional ones.
func (p *plan) links(ctx context.Context) error {
	p.queries = map[string]string{}
	for _, d := range p.drafts {
		if d.matched {
			continue
		}
		for _, text := range d.resource.References() {
			ref, _ := fhir.ParseReference(text)
			switch {
			case ref.Query != "":
				if err := p.conditional(ctx, d, text, ref); err != nil {
					return err
				}
			case strings.HasPrefix(ref.Other, "urn:uuid:") && p.urls != nil && p.urls[text] == nil:
				return refuse(d.place, "REFERENCE_UNRESOLVED", "A urn:uuid reference leads to no entry of the bundle.")
			}
		}
	}
	return nil
}

func (p *plan) conditional(ctx context.Context, d *draft, text string, ref fhir.Reference) error {
	if p.urls == nil {
		return refuse(d.place, "CONDITIONAL_REFERENCE", "A conditional reference is allowed in a transaction only.")
	}
	if p.queries[text] != "" {
		return nil
	}
	id, err := p.find(ctx, ref.Type, ref.Query, d.place)
	if err != nil {
		return err
	}
	if id == "" {
		return refuse(d.place, "REFERENCE_UNRESOLVED", "A conditional reference finds nothing.")
	}
	p.queries[text] = ref.Type + "/" + id
	return nil
}

// link gives the new text of a reference or address.
func (p *plan) link(text string) (string, bool) {
	if to, ok := p.queries[text]; ok {
		return to, true
	}
	if d, ok := p.urls[text]; ok {
		return d.address(), d.address() != text
	}
	return "", false
}

// current looks up, in one call, the records that are updated or matched and the patients that are referred to.
func (p *plan) current(ctx context.Context) error {
	wanted := map[exchange.RecordRef]bool{}
	for _, d := range p.drafts {
		if d.update || d.matched {
			wanted[d.ref(p.in.Org)] = true
		}
		if id := p.subject(d); id != "" && p.byAddress["Patient/"+id] == nil {
			wanted[exchange.RecordRef{Org: p.in.Org, Type: "Patient", ID: id}] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	refs := make([]exchange.RecordRef, 0, len(wanted))
	for ref := range wanted {
		refs = append(refs, ref)
	}
	var err error
	if p.stored, err = p.in.Shelf.CurrentVersions(ctx, refs); err != nil {
		return fmt.Errorf("look up current versions: %w", err)
	}
	return nil
}

// subject gives the id of the Patient that the draft's subject leads to; "" when it leads to none.
func (p *plan) subject(d *draft) string {
	s, _ := d.resource.Subject()
	text := strings.TrimPrefix(s.Literal, p.base())
	if to, ok := p.link(text); ok {
		text = to
	}
	ref, ok := fhir.ParseReference(text)
	if !ok || ref.Type != "Patient" || ref.Base != "" {
		return ""
	}
	return ref.ID
}

// base is what absolute references of our own begin with; never empty, so that trimming it cannot match by accident.
func (p *plan) base() string {
	if p.in.Base == "" {
		return "\x00"
	}
	return p.in.Base
}

// number gives the draft its version and checks If-Match.
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
		return fault.New(
			fault.Conflict, "VERSION_CONFLICT",
			"The resource has another version by now. Read it again, then repeat the change.",
		)
	}
	d.version = now.Number + 1
	return nil
}
