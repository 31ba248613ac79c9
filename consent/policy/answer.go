package policy

import (
	"errors"
	"fmt"

	"yilian.example/exchange/consortium"
)

// answer is what the rules said.
type answer struct {
	allow       bool
	reasons     []consortium.Reason
	consent     string
	obligations []consortium.Obligation
}

// read takes the answer apart and refuses all but the expected shape: an allowance that cannot be understood is none.
func read(value any) (answer, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return answer{}, errors.New("read policy's answer: not an object")
	}
	var a answer
	var okAllow, okConsent bool
	a.allow, okAllow = fields["allow"].(bool)
	a.consent, okConsent = fields["consent"].(string)
	reasons, okReasons := fields["reasons"].([]any)
	obligations, okObligations := fields["obligations"].([]any)
	if !okAllow || !okConsent || !okReasons || !okObligations || len(reasons) == 0 {
		return answer{}, errors.New("read policy's answer: a field is missing")
	}
	for _, r := range reasons {
		fields, _ := r.(map[string]any)
		code, _ := fields["code"].(string)
		article, _ := fields["article"].(string)
		if code == "" || article == "" {
			return answer{}, errors.New("read policy's answer: a reason has no code or article")
		}
		a.reasons = append(a.reasons, consortium.Reason{Code: code, Article: article})
	}
	for _, o := range obligations {
		text, ok := o.(string)
		if !ok {
			return answer{}, errors.New("read policy's answer: an obligation is not text")
		}
		var obligation consortium.Obligation
		if err := obligation.UnmarshalText([]byte(text)); err != nil {
			return answer{}, fmt.Errorf("read policy's answer: %w", err)
		}
		a.obligations = append(a.obligations, obligation)
	}
	return a, nil
}
