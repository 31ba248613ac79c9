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

// article writes "PIPL 23, 29" as a reader of the law would.
func (p *Pages) article(lang Lang, article string) string {
	law, numbers, ok := strings.Cut(article, " ")
	if !ok || law != "PIPL" {
		return article
	}
	if lang == Chinese {
		numbers = strings.ReplaceAll(numbers, ", ", "、")
	}
	return p.Text(lang, "law.PIPL", numbers)
}
