package view

import (
	"strings"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// Resolve fills in the values of the results that reports name, as far as these are among the versions. What is not
// stays in Results, so that the page says that something is missing.
func Resolve(reports []Record, versions []exchange.Version) {
	found := map[exchange.RecordRef]Record{}
	for _, v := range versions {
		if v.Kind == consortium.Observations && !v.Deleted {
			found[v.Ref] = Of(v)
		}
	}
	for i := range reports {
		reports[i].resolve(found)
	}
}

// resolve fills in one report's values.
func (r *Record) resolve(found map[exchange.RecordRef]Record) {
	var missing []exchange.RecordRef
	for _, ref := range r.Results {
		o, ok := found[ref]
		switch {
		case !ok || o.Omitted || o.Unreadable:
			missing = append(missing, ref)
		case o.Wrong: // what was entered in error is no result
		default:
			for _, v := range o.Values {
				v.Ref = ref
				r.Values = append(r.Values, v)
			}
		}
	}
	r.Results = missing
	abnormalFirst(r.Values)
}

// recordRef reads a reference to a record of the same organisation: relative or absolute, of a version or not.
func recordRef(org consortium.OrgID, text string) (exchange.RecordRef, bool) {
	text, _, _ = strings.Cut(text, "/_history/")
	parts := strings.Split(text, "/")
	if len(parts) < 2 || parts[len(parts)-1] == "" || parts[len(parts)-2] == "" {
		return exchange.RecordRef{}, false
	}
	return exchange.RecordRef{Org: org, Type: parts[len(parts)-2], ID: parts[len(parts)-1]}, true
}
