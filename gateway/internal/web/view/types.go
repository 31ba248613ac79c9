package view

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// concept is FHIR's CodeableConcept.
type concept struct {
	Text   string   `json:"text"`
	Coding []coding `json:"coding"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// name is the words for people: the text, else a display, else the code.
func (c concept) name() string {
	if c.Text != "" {
		return c.Text
	}
	for _, code := range c.Coding {
		if code.Display != "" {
			return code.Display
		}
	}
	for _, code := range c.Coding {
		if code.Code != "" {
			return code.Code
		}
	}
	return ""
}

// term is what the dictionary calls the concept, with its codes.
func (c concept) term() Term {
	var t Term
	for _, code := range c.Coding {
		if code.Code == "" {
			continue
		}
		written := strings.TrimSpace(systemNames[code.System] + " " + code.Code)
		t.Codes = strings.TrimPrefix(t.Codes+", "+written, ", ")
		if w, ok := dictionary[written]; ok && t.Chinese == "" {
			t.Chinese, t.English = w[0], w[1]
		}
	}
	t.Own = c.Text != "" && t.Codes != ""
	return t
}

// name titles the record after its code.
func (r *Record) name(c concept) {
	r.Title, r.Term = c.name(), c.term()
}

// code is the first code.
func (c concept) code() string {
	for _, code := range c.Coding {
		if code.Code != "" {
			return code.Code
		}
	}
	return ""
}

func names(cs []concept) string {
	var out []string
	for _, c := range cs {
		if n := c.name(); n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, "；")
}

type period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type reference struct {
	Reference string `json:"reference"`
	Display   string `json:"display"`
}

type annotation struct {
	Text string `json:"text"`
}

func notes(as []annotation) []string {
	var out []string
	for _, a := range as {
		out = append(out, paragraphs(a.Text)...)
	}
	return out
}

// paragraphs splits text at line ends and drops empty lines.
func paragraphs(text string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

type attachment struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"`
	Title       string `json:"title"`
}

// maxAttached bounds the text shown of an attachment; the whole is in the record.
const maxAttached = 64 << 10

// text is a plain-text attachment's content; other media are not shown.
func (a attachment) text() []string {
	if !strings.HasPrefix(a.ContentType, "text/plain") {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(a.Data)
	if err != nil || !utf8.Valid(raw) || len(raw) > maxAttached {
		return nil
	}
	return paragraphs(string(raw))
}

// add appends a fact with text, unless there is none.
func (r *Record) add(label, text string) {
	if text = strings.TrimSpace(text); text != "" {
		r.Facts = append(r.Facts, Fact{Label: label, Text: text})
	}
}

// addCode appends a fact whose words are ours.
func (r *Record) addCode(label, code string) {
	if code != "" {
		r.Facts = append(r.Facts, Fact{Label: label, Code: code})
	}
}

// addDate appends a fact that is a date.
func (r *Record) addDate(label string, d Date) {
	if d.Raw != "" {
		r.Facts = append(r.Facts, Fact{Label: label, When: d})
	}
}

// known returns prefix.code when it is one that the pages have words for, else nothing.
func known(prefix, code string, codes ...string) string {
	for _, c := range codes {
		if c == code {
			return prefix + "." + code
		}
	}
	return ""
}
