// Package charset refuses what is not UTF-8 before anybody reads it: Go's decoders put a replacement character in its
// place, and what was looked up or stored then would not be what was sent.
package charset

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"yilian.example/exchange/fault"
)

// CodeNotUTF8 refuses text in another encoding.
const CodeNotUTF8 fault.Code = "NOT_UTF8"

// Check reads a request's address and its form or JSON body and gives both back to be read again. It is
// fault.Malformed when one of them is not UTF-8. A body of another type is the business of whoever reads it, and so is
// one that is too large or was cut off.
func Check(r *http.Request) error {
	if !utf8.ValidString(r.URL.Path) {
		return notUTF8()
	}
	if err := values(r.URL.RawQuery); err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := media == "application/x-www-form-urlencoded"
	if err != nil || !form && media != "application/json" && !strings.HasSuffix(media, "+json") || r.Body == nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body = again{io.MultiReader(bytes.NewReader(body), failing{err}), r.Body}
	if form {
		return values(string(body))
	}
	if !utf8.Valid(body) {
		return notUTF8()
	}
	return nil
}

// values checks a query's or form's names and values, as they are meant. One that cannot be taken apart is refused by
// whoever needs it.
func values(query string) error {
	all, _ := url.ParseQuery(query) // what is readable of it
	for name, list := range all {
		if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(list, "")) {
			return notUTF8()
		}
	}
	return nil
}

func notUTF8() error {
	return fault.New(
		fault.Malformed, CodeNotUTF8,
		"What was sent is not in UTF-8. Set the program that sends it to UTF-8 and send it again; nothing was changed.",
	)
}

// again is a body that was read, with the end that its reading had.
type again struct {
	io.Reader
	io.Closer
}

// failing repeats the error with which a body ended.
type failing struct{ err error }

// Read returns the error, or the end of the body.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil || errors.Is(f.err, io.EOF) {
		return 0, io.EOF
	}
	return 0, f.err
}
