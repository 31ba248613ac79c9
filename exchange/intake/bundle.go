package intake

import (
	"context"
	"fmt"
	"strings"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// maxEntries bounds one bundle: a lifetime's records of a patient, in one transaction of the database.
const maxEntries = 5000

// TakenBundle is what became of a bundle.
type TakenBundle struct {
	Transaction bool // else a batch
	Entries     []Taken
}

// Bundle stores a transaction (all or nothing) or a batch (each entry alone, in order, with its own outcome). Entries
// may be POST and PUT.
func (in *Intake) Bundle(ctx context.Context, caller Caller, body []byte) (TakenBundle, error) {
	if err := in.admit(ctx, caller); err != nil {
		return TakenBundle{}, err
	}
	b, issues := fhir.DecodeBundle(body)
	if b == nil || issues.Failed() {
		return TakenBundle{}, reject(issues)
	}
	if len(b.Entries) > maxEntries {
		return TakenBundle{}, fault.New(
			fault.TooLarge, CodeTooManyEntries, fmt.Sprintf("A bundle may have %d entries at most. Send several.", maxEntries),
		)
	}
	switch b.Type {
	case "transaction":
		entries, err := in.transaction(ctx, caller, b)
		return TakenBundle{Transaction: true, Entries: entries}, err
	case "batch":
		return TakenBundle{Entries: in.batch(ctx, caller, b)}, nil
	}
	return TakenBundle{}, refuse(
		"Bundle.type", CodeBundleType, "Only bundles of type transaction and batch are served here.",
	)
}

func (in *Intake) transaction(ctx context.Context, caller Caller, b *fhir.Bundle) ([]Taken, error) {
	var all fhir.Issues
	for _, e := range b.Entries {
		all = append(all, e.Issues...)
	}
	if all.Failed() {
		return nil, reject(all)
	}
	drafts := make([]*draft, len(b.Entries))
	urls := make(map[string]*draft, len(b.Entries))
	for i, e := range b.Entries {
		d, err := newDraft(e, i)
		if err != nil {
			return nil, err
		}
		drafts[i] = d
		if e.FullURL == "" {
			continue
		}
		if urls[e.FullURL] != nil {
			return nil, refuse(
				fmt.Sprintf("Bundle.entry[%d].fullUrl", i), CodeEntryRepeated, "Two entries have the same fullUrl.",
			)
		}
		urls[e.FullURL] = d
	}
	return in.keep(ctx, caller, drafts, urls)
}

func (in *Intake) batch(ctx context.Context, caller Caller, b *fhir.Bundle) []Taken {
	out := make([]Taken, len(b.Entries))
	for i, e := range b.Entries {
		taken, err := in.entry(ctx, caller, e, i)
		taken.Err = err
		out[i] = taken
	}
	return out
}

func (in *Intake) entry(ctx context.Context, caller Caller, e fhir.Entry, i int) (Taken, error) {
	if e.Issues.Failed() {
		return Taken{}, reject(e.Issues)
	}
	d, err := newDraft(e, i)
	if err != nil {
		return Taken{}, err
	}
	return in.one(ctx, caller, d)
}

// newDraft reads the request of an entry.
func newDraft(e fhir.Entry, i int) (*draft, error) {
	place := fmt.Sprintf("Bundle.entry[%d]", i)
	d := &draft{
		resource:    e.Resource,
		remarks:     e.Issues,
		place:       place + ".resource",
		only:        Conditions{Match: e.IfMatch, NoneMatch: e.IfNoneMatch},
		ifNoneExist: e.IfNoneExist,
	}
	switch {
	case e.Method == "":
		return nil, refuse(
			place+".request", CodeNoRequest,
			"Every entry of a transaction or batch says what is to be done: request.method and request.url.",
		)
	case e.Method != "POST" && e.Method != "PUT":
		return nil, refuse(place+".request.method", CodeInteraction, "Only POST and PUT are served in bundles.")
	case e.Resource == nil:
		return nil, refuse(place+".resource", CodeNoResource, "The entry has no resource.")
	case e.IfModified != "":
		return nil, refuse(
			place+".request", CodeCondition, "Only ifMatch, ifNoneMatch and ifNoneExist are served as conditions.",
		)
	}
	typ, id, _ := strings.Cut(strings.TrimPrefix(e.URL, "/"), "/")
	if typ != e.Resource.Type {
		return nil, refuse(place+".request.url", CodeTypeMismatch, "The resource is of another type than the address says.")
	}
	if e.Method == "POST" {
		if id != "" || d.only != (Conditions{}) {
			return nil, refuse(
				place+".request", CodeInteraction, "POST wants the type alone as its address, and no ifMatch or ifNoneMatch.",
			)
		}
		return d, nil
	}
	if id == "" || strings.Contains(id, "/") || e.IfNoneExist != "" {
		return nil, refuse(place+".request", CodeInteraction, "PUT wants Type/id as its address, and no ifNoneExist.")
	}
	d.update, d.id = true, id
	return d, nil
}
