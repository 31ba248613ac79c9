package webtest

import (
	"strings"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// CheckManyResults opens a page of a person's records with a few results and with 3,000: no list cuts off who it is,
// allergies, diagnoses or medicines, none says that it is all when it is not, and the page does not grow.
func CheckManyResults(t *testing.T, s *World, path string) {
	t.Helper()
	allergy := s.Versions[0]
	allergy.Ref = exchange.RecordRef{Org: "donghu", Type: "AllergyIntolerance", ID: "al"}
	allergy.Kind = consortium.Diagnoses
	allergy.Content = []byte(`{"resourceType":"AllergyIntolerance","code":{"text":"青霉素"},"criticality":"high"}`)
	s.Versions = append(s.Versions, allergy)
	few := s.Get(path)
	s.Many(3000)
	p := s.Get(path)
	if len(p.Body) > 60_000 || len(p.Body) > len(few.Body)+20_000 {
		t.Errorf("%d bytes, with few results %d", len(p.Body), len(few.Body))
	}
	if !strings.Contains(p.Text(".banner"), "王秀兰") || !strings.Contains(p.Text(".banner .alert-bad"), "⚠ 过敏：青霉素") {
		t.Errorf("the banner: %s", p.Text(".banner"))
	}
	for _, id := range []string{"#allergies", "#diagnoses", "#medications"} {
		if len(p.All(id+" article.entry")) == 0 || len(p.All(id+" details")) != 0 {
			t.Errorf("%s is not shown whole", id)
		}
	}
	if first := p.All("section.kind"); Attr(first[0], "id") != "allergies" {
		t.Errorf("%s stands first", Attr(first[0], "id"))
	}
	checkPager(t, s, p)
}

// checkPager goes through the pages of a kind of which there is too much for one.
func checkPager(t *testing.T, s *World, p Page) {
	t.Helper()
	all := p.All("#observations > p a")
	if len(all) != 1 || !strings.Contains(p.Text("#observations .count"), "显示 30 / 共 30") {
		t.Fatalf("it is not said that there are more: %s", p.Text("#observations .count"))
	}
	address := Attr(all[0], "href")
	first := s.Get(address)
	if !strings.HasPrefix(first.Text(".pager-range"), "第 1–30 条，共 30") || len(first.Body) > 60_000 {
		t.Errorf("%s: %s, %d bytes", address, first.Text(".pager-range"), len(first.Body))
	}
	second := s.Get(Attr(first.All(`a[rel="next"]`)[0], "href"))
	if !strings.HasPrefix(second.Text(".pager-range"), "第 31–60 条") || len(second.All("#observations tbody tr")) != 30 ||
		Attr(second.All(`a[rel="prev"]`)[0], "href") != address {
		t.Errorf("the second page: %s", second.Text(".pager-range"))
	}
	if got := second.Text(".banner"); !strings.Contains(got, "王秀兰") || !strings.Contains(got, "青霉素") {
		t.Errorf("the second page does not say whose it is: %s", got)
	}
	english := s.Get(address + "?lang=en").Text(".pager-range")
	if !strings.HasPrefix(english, "1–30 of 3,0") {
		t.Errorf("in English: %s", english)
	}
	for path, want := range map[string]int{"?page=9999": 200, "?page=x": 200} {
		if got := s.Get(address + path).Status; got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	if got := s.Get(strings.Replace(address, "observations", "secrets", 1)).Status; got != 404 {
		t.Errorf("a kind that is none: %d", got)
	}
}
