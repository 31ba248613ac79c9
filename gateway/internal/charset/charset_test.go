package charset_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/charset"
)

func request(target, media, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	return r
}

// What is not UTF-8 is refused wherever it stands, and what is can still be read.
func TestCheck(t *testing.T) {
	const form, gbk = "application/x-www-form-urlencoded", "\xd5\xc5\xc8\xfd" // 张三 in GBK
	for _, c := range []struct {
		name, target, media, body string
		good                      bool
	}{
		{"plain", "/a?b=%E5%BC%A0", form, "name=%E5%BC%A0&x=1", true},
		{"query", "/a?b=%D5%C5", form, "", false},
		{"query's name", "/a?%D5%C5=1", form, "", false},
		{"path", "/%D5%C5", form, "", false},
		{"form", "/a", form, "name=%D5%C5", false},
		{"form, raw", "/a", form, "name=" + gbk, false},
		{"JSON", "/a", "application/json; charset=utf-8", `{"a":"张三"}`, true},
		{"JSON in GBK", "/a", "application/json", `{"a":"` + gbk + `"}`, false},
		{"patch in GBK", "/a", "application/merge-patch+json", `{"a":"` + gbk + `"}`, false},
		{"a file", "/a", "application/octet-stream", gbk, true},
	} {
		r := request(c.target, c.media, c.body)
		err := charset.Check(r)
		refused := fault.Is(err, fault.Malformed) && fault.Of(err).Code == charset.CodeNotUTF8
		if c.good != (err == nil) || !c.good && !refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != c.body {
			t.Errorf("%s: read again: %q, %v", c.name, body, err)
		}
	}
}

// A body that is too large is refused for that, by whoever reads it.
func TestTooLargeStaysTooLarge(t *testing.T) {
	r := request("/a", "application/json", strings.Repeat(" ", 100))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 10)
	if err := charset.Check(r); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("it was read to the end")
	}
}
