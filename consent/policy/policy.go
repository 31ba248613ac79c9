// Package policy is the rules on access to health records, in Rego, and the only place that imports the engine which
// evaluates them.
//
// The rules are embedded and compiled once. Each decision carries the digest of their text, so that a logged decision
// can be matched to the rules that made it. The package looks nothing up: facts come in, a decision goes out.
package policy

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

//go:embed *.rego
var sources embed.FS

// entrypoint is the rule that answers.
const entrypoint = "data.policy.decision"

// Engine evaluates the rules. It is safe for concurrent use.
type Engine struct {
	query  rego.PreparedEvalQuery
	digest string
}

var _ consent.Policy = (*Engine)(nil)

// New compiles the rules.
func New(ctx context.Context) (*Engine, error) {
	modules, err := texts()
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	options := []func(*rego.Rego){rego.Query(entrypoint), rego.StrictBuiltinErrors(true)}
	for _, m := range modules {
		fmt.Fprintf(hash, "%s\n%d\n%s", m.name, len(m.text), m.text)
		options = append(options, rego.Module(m.name, m.text))
	}
	query, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("compile policy: %w", err)
	}
	return &Engine{query: query, digest: hex.EncodeToString(hash.Sum(nil))}, nil
}

// Digest is the hex SHA-256 over the rules: for each file in order of name, its name, its length and its text.
func (e *Engine) Digest() string { return e.digest }

type module struct{ name, text string }

// texts gives the rules without their tests, ordered by file name.
func texts() ([]module, error) {
	names, err := fs.Glob(sources, "*.rego")
	if err != nil {
		return nil, fmt.Errorf("list policy: %w", err)
	}
	var modules []module
	for _, name := range names {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		modules = append(modules, module{name: name, text: string(text)})
	}
	return modules, nil
}

// Evaluate answers one query. The error is non-nil when the rules gave no usable answer.
func (e *Engine) Evaluate(ctx context.Context, in consent.Input) (consortium.Decision, error) {
	if err := ctx.Err(); err != nil {
		return consortium.Decision{}, fmt.Errorf("evaluate policy: %w", err)
	}
	value, err := ast.InterfaceToValue(document(in))
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("build policy input: %w", err)
	}
	a, err := e.evaluate(ctx, value)
	if err != nil {
		return consortium.Decision{}, err
	}
	return consortium.Decision{
		Query:       in.Query,
		Allow:       a.allow,
		Reasons:     a.reasons,
		Consent:     a.consent,
		Obligations: a.obligations,
		Policy:      e.digest,
	}, nil
}

type answer struct {
	allow       bool
	reasons     []consortium.Reason
	consent     string
	obligations []string
}

func (e *Engine) evaluate(ctx context.Context, input ast.Value) (answer, error) {
	results, err := e.query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return answer{}, fmt.Errorf("evaluate policy: %w", err)
	}
	if len(results) != 1 {
		return answer{}, errors.New("evaluate policy: no answer")
	}
	return read(results[0].Expressions[0].Value)
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
		a.obligations = append(a.obligations, text)
	}
	return a, nil
}

// document is the input as the rules read it. Times are Unix seconds; an unset time is left out, so that the rules see
// it as missing. The actor's name is left out: no rule may depend on it.
func document(in consent.Input) map[string]any {
	q := in.Query
	query := map[string]any{
		"actor": map[string]any{
			"id": q.Actor.ID, "org": string(q.Actor.Org), "role": string(q.Actor.Role), "patient": string(q.Actor.Patient),
		},
		"purpose":   string(q.Purpose),
		"action":    string(q.Action),
		"custodian": string(q.Custodian),
		"patient":   string(q.Patient),
		"kinds":     words(q.Kinds),
	}
	if !q.Time.IsZero() {
		query["time"] = unix(q.Time)
	}
	return map[string]any{
		"org":   string(in.Org),
		"query": query,
		"facts": map[string]any{
			"care":        in.Facts.Care,
			"consents":    consents(in.Facts.Consents),
			"invitations": consents(in.Facts.Invitations),
		},
	}
}

func consents(facts []consent.Fact) []any {
	out := make([]any, 0, len(facts))
	for _, c := range facts {
		out = append(out, map[string]any{
			"id":        string(c.ID),
			"custodian": string(c.Terms.Custodian),
			"recipient": string(c.Terms.Recipient),
			"purpose":   string(c.Terms.Purpose),
			"kinds":     words(c.Terms.Kinds),
			"from":      unix(c.Terms.From),
			"until":     unix(c.Terms.Until),
			"state":     string(c.State),
		})
	}
	return out
}

func words(kinds []consortium.Kind) []any {
	out := make([]any, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return out
}

func unix(t time.Time) json.Number { return json.Number(fmt.Sprint(t.Unix())) }
