package view

import (
	"slices"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// PageSize is how many records of one kind stand on a page of that kind.
const PageSize = 30

// overviewSize is how many records of a kind stand on a page about all kinds. Observations are small and come many at a
// time.
const overviewSize = 10

// safetyKinds are shown whole, always: who it is, what they have and are allergic to, what they take. A reader who
// misses one of these may harm the person.
var safetyKinds = []consortium.Kind{consortium.Demographics, consortium.Diagnoses, consortium.Medications}

// BannerKinds are what the banner of a page about one person is made of.
func BannerKinds() []consortium.Kind {
	return []consortium.Kind{consortium.Demographics, consortium.Diagnoses}
}

// Overview is the page of all kinds: safety kinds whole, of the others the newest.
func Overview() exchange.Page {
	p := exchange.Page{Each: map[consortium.Kind]int{}}
	for _, k := range consortium.PatientKinds() {
		if !slices.Contains(safetyKinds, k) {
			p.Each[k] = overviewSize
		}
	}
	p.Each[consortium.Observations] = PageSize
	return p
}

// KindPage is a page of one kind; the first has the number 1. Safety kinds have one page, with everything.
func KindPage(kind consortium.Kind, number int) exchange.Page {
	if slices.Contains(safetyKinds, kind) {
		return exchange.Page{}
	}
	return exchange.Page{Limit: PageSize, Skip: (number - 1) * PageSize}
}

// ResultsOf is the page of the results that a report names.
func ResultsOf(r Record) exchange.Page {
	p := exchange.Page{Type: "Observation", IDs: []string{}}
	for _, ref := range r.Results {
		p.IDs = append(p.IDs, ref.ID)
	}
	return p
}
