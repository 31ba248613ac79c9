package purpose_test

import (
	"net/http/httptest"
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/api/purpose"
	"yilian.example/gateway/internal/auth"
)

func TestAPurposeIsStatedAndNeverChosenForTheCaller(t *testing.T) {
	treat, pay := consortium.Treatment, consortium.Payment
	for name, c := range map[string]struct {
		header  []string
		claimed []consortium.Purpose
		want    consortium.Purpose
		code    fault.Code
	}{
		"header":                            {[]string{"TREAT"}, nil, treat, ""},
		"token":                             {nil, []consortium.Purpose{pay}, pay, ""},
		"header within the token's":         {[]string{"HPAYMT"}, []consortium.Purpose{treat, pay}, pay, ""},
		"neither":                           {nil, nil, "", purpose.CodeMissing},
		"a token for two, nothing chosen":   {nil, []consortium.Purpose{treat, pay}, "", purpose.CodeMissing},
		"header beyond the token's":         {[]string{"TREAT"}, []consortium.Purpose{pay}, "", purpose.CodeClaimed},
		"no such purpose":                   {[]string{"CURIOSITY"}, nil, "", purpose.CodeUnknown},
		"no such purpose in the token":      {nil, []consortium.Purpose{"CURIOSITY"}, "", purpose.CodeUnknown},
		"two headers":                       {[]string{"TREAT", "HPAYMT"}, nil, "", purpose.CodeUnknown},
		"an empty header":                   {[]string{""}, nil, "", purpose.CodeUnknown},
		"an empty header, but a token's":    {[]string{""}, []consortium.Purpose{pay}, "", purpose.CodeUnknown},
		"two in one header, with a comma":   {[]string{"TREAT,HPAYMT"}, nil, "", purpose.CodeUnknown},
		"lower case is another code":        {[]string{"treat"}, nil, "", purpose.CodeUnknown},
		"marketing is known, to be refused": {[]string{"HMARKT"}, nil, consortium.Marketing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			for _, v := range c.header {
				r.Header.Add(purpose.Header, v)
			}
			r = r.WithContext(auth.WithPurposes(r.Context(), c.claimed))
			got, err := purpose.Of(r)
			if got != c.want || c.code != "" && (fault.Of(err).Code != c.code || !fault.Is(err, fault.Malformed)) ||
				c.code == "" && err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
