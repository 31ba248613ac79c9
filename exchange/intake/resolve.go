package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// find returns the id of the one resource that carries an identifier, or "". A candidate counts only when its content,
// opened, says the same: what it is found by stands in the database, and what it is, in its sealed content.
func (p *plan) find(ctx context.Context, typ string, token exchange.Token) (string, error) {
	ids, err := p.in.Shelf.Find(ctx, typ, []exchange.Token{token})
	if err != nil {
		return "", fmt.Errorf("find by identifier: %w", err)
	}
	switch len(ids) {
	case 0:
		return "", nil
	case 1:
		ref := exchange.RecordRef{Org: p.in.Org, Type: typ, ID: ids[0]}
		carries, err := p.in.Shelf.Carries(ctx, ref, func(id fhir.Identifier) bool { return p.in.Token(id) == token })
		if err != nil {
			return "", fmt.Errorf("compare what was found: %w", err)
		}
		if !carries {
			return "", nil
		}
		return ids[0], nil
	}
	return "", fault.New(
		fault.Conflict, CodeMultipleMatches,
		"More than one resource carries this identifier, so the condition is ambiguous.",
	)
}

// shorten notes the entries whose full address ends in Type/id (http://host/fhir/Type/id): a reference to Type/id may
// mean them.
func (p *plan) shorten() {
	p.short = map[string][]*draft{}
	for url, d := range p.urls {
		if ref, ok := fhir.ParseReference(url); ok && ref.ID != "" && ref.Version == "" {
			p.short[ref.Type+"/"+ref.ID] = append(p.short[ref.Type+"/"+ref.ID], d)
		}
	}
}

// links checks that every reference into the bundle leads somewhere, and resolves conditional ones.
func (p *plan) links(ctx context.Context) error {
	p.queries = map[string]string{}
	for _, d := range p.drafts {
		for _, text := range d.resource.References() {
			ref, _ := fhir.ParseReference(text)
			switch {
			case ref.Query != "":
				if err := p.conditional(ctx, d, text, ref); err != nil {
					return err
				}
			case strings.HasPrefix(ref.Other, "urn:uuid:") && p.urls[text] == nil:
				return refuse(
					d.place, CodeReferenceUnresolved,
					"A urn:uuid reference leads to no entry of a transaction. Elsewhere it would lead to nothing for ever.",
				)
			}
		}
	}
	return nil
}

func (p *plan) conditional(ctx context.Context, d *draft, text string, ref fhir.Reference) error {
	if p.urls == nil {
		return refuse(d.place, CodeConditionalReference, "A conditional reference is allowed in a transaction only.")
	}
	if p.queries[text] != "" {
		return nil
	}
	criteria, ok := fhir.ParseCriteria(ref.Query)
	if !ok {
		return refuse(d.place, CodeCriteria, "Only identifier=system|value is served as a condition.")
	}
	id := ""
	if p.in.matchable(criteria) {
		var err error
		if id, err = p.find(ctx, ref.Type, p.in.Token(criteria)); err != nil {
			return at(d.place, err)
		}
	}
	if id == "" {
		return refuse(d.place, CodeReferenceUnresolved, "A conditional reference finds nothing.")
	}
	p.queries[text] = ref.Type + "/" + id
	return nil
}

// current looks up, in one call, the records that are updated or matched, the patients that are referred to, and those
// that a reference may mean beside an entry of the bundle.
func (p *plan) current(ctx context.Context) error {
	wanted := map[string]bool{}
	for _, d := range p.drafts {
		p.lookUp(d, wanted)
	}
	for _, address := range p.queries {
		wanted[address] = true
	}
	for own := range p.short {
		wanted[own] = true
	}
	if len(wanted) == 0 {
		return nil
	}
	refs := make([]exchange.RecordRef, 0, len(wanted))
	for address := range wanted {
		refs = append(refs, p.record(address))
	}
	var err error
	if p.stored, err = p.in.Shelf.CurrentVersions(ctx, refs); err != nil {
		return fmt.Errorf("look up current versions: %w", err)
	}
	return nil
}

// lookUp adds the addresses that are to be looked up for one draft.
func (p *plan) lookUp(d *draft, wanted map[string]bool) {
	if d.update || d.matched {
		wanted[d.address()] = true
	}
	subject, _ := d.resource.Subject()
	if own, ok := p.own(subject.Literal); ok && p.byAddress[own] == nil {
		wanted[own] = true
	}
	for _, text := range d.resource.References() {
		if own, ok := p.own(text); ok && versioned(text) {
			wanted[own] = true
		}
	}
}

// sure refuses references that may mean an entry of the bundle as well as another one or a record that is stored here:
// whoever reads them later could take them for the other.
func (p *plan) sure(context.Context) error {
	for _, d := range p.drafts {
		for _, text := range d.resource.References() {
			to, sure := p.resolve(text)
			if !sure {
				return refuse(
					d.place, CodeReferenceAmbiguous,
					"A reference may mean an entry of the bundle as well as another resource of that id. Give the entries "+
						"fullUrls of the form urn:uuid, and refer to these.",
				)
			}
			if own, ok := p.own(text); ok && versioned(text) && !p.hasVersion(cmp.Or(to, own), text) {
				return refuse(
					d.place, CodeReferenceUnresolved,
					"A reference names a version that is neither stored here nor made by this transaction.",
				)
			}
		}
	}
	return nil
}

// resolve returns the address here, Type/id, to which a reference leads; "" when it leads to nothing that is known,
// and false when it may lead to several. What is filed and what is written into the bytes both go by it.
func (p *plan) resolve(text string) (string, bool) {
	if to, ok := p.queries[text]; ok {
		return to, true
	}
	var found []string
	add := func(d *draft) {
		if !slices.Contains(found, d.address()) {
			found = append(found, d.address())
		}
	}
	if d, ok := p.urls[text]; ok {
		add(d)
	}
	if own, ok := p.own(text); ok {
		kept := p.exists(own)
		if kept {
			found = append(found, own)
			found = slices.Compact(found)
		}
		for _, d := range p.short[own] {
			add(d)
		}
	}
	switch len(found) {
	case 0:
		return "", true
	case 1:
		return found[0], true
	}
	return "", false
}

// own returns the address, Type/id, that a reference names when it is relative or lies below our own base.
func (p *plan) own(text string) (string, bool) {
	ref, ok := fhir.ParseReference(strings.TrimPrefix(text, p.base()))
	if !ok || ref.Base != "" || ref.ID == "" {
		return "", false
	}
	return ref.Type + "/" + ref.ID, true
}

func versioned(text string) bool { return version(text) != "" }

func version(text string) string {
	ref, _ := fhir.ParseReference(text)
	return ref.Version
}

// hasVersion says whether the version that a reference names stands at an address, or will when all is stored.
func (p *plan) hasVersion(address, text string) bool {
	number, err := strconv.Atoi(version(text))
	if err != nil || number < 1 {
		return false
	}
	stored := p.stored[p.record(address)].Number
	if d := p.byAddress[address]; d != nil && !d.matched {
		stored++
	}
	return number <= stored
}

// exists says whether a record stands at an address here, or will when all is stored.
func (p *plan) exists(address string) bool {
	now, stored := p.stored[p.record(address)]
	return p.byAddress[address] != nil || stored && !now.Deleted
}

func (p *plan) record(address string) exchange.RecordRef {
	typ, id, _ := strings.Cut(address, "/")
	return exchange.RecordRef{Org: p.in.Org, Type: typ, ID: id}
}

// link returns the new text of a reference or address. What names the place to which it leads stays as it was sent.
func (p *plan) link(text string) (string, bool) {
	to, _ := p.resolve(text)
	own, ok := p.own(text)
	if to == "" || ok && own == to {
		return "", false
	}
	if ok && versioned(text) {
		return to + "/_history/" + version(text), true
	}
	return to, true
}

// base is what absolute references of our own begin with; never empty, so that trimming it cannot match by accident.
func (p *plan) base() string {
	if p.in.Base == "" {
		return "\x00"
	}
	return p.in.Base
}
