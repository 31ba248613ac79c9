package site

import (
	"strings"

	"yilian.example/exchange/consortium"
)

// reason is a policy's ground in words.
type reason struct {
	Code    string
	Text    string
	Next    string // what the reader can do; empty where nothing
	Article string
}

func (p *Pages) reason(lang Lang, r consortium.Reason) reason {
	out := reason{Code: r.Code, Article: p.article(lang, r.Article), Text: p.Text(lang, "reason.unknown", r.Code)}
	if key := "reason." + r.Code; p.HasText(key) {
		out.Text = p.Text(lang, key)
	}
	if key := "reason." + r.Code + ".next"; p.HasText(key) {
		out.Next = p.Text(lang, key)
	}
	return out
}

// article writes "PIPL 23, 29; MRM 14" as a reader of the laws would, with their titles. What is no citation is shown
// as it came: it may be of another member, whose rules know a law that these do not.
func (p *Pages) article(lang Lang, text string) string {
	citations, err := consortium.ParseCitations(text)
	if err != nil {
		return text
	}
	var out []string
	for _, c := range citations {
		out = append(out, p.citation(lang, c))
	}
	return strings.Join(out, p.Text(lang, "law.separator"))
}

func (p *Pages) citation(lang Lang, c consortium.Citation) string {
	title := "《" + c.Law.Chinese + "》"
	if lang == English {
		title = c.Law.English
	}
	key := "law.articles"
	switch len(c.Articles) {
	case 0:
		return title
	case 1:
		key = "law.article"
	}
	return p.Text(lang, key, title, strings.Join(c.Articles, p.Text(lang, "list.separator")))
}
