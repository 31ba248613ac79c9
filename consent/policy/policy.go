// Package policy is the rules on access to health records, in Rego, and the only place that imports the engine which
// evaluates them.
//
// Each folder but lib is the rules of one action: a Rego package of the folder's name with one entrypoint, decision.
// They stand over the words in lib, and none can see or add to another's. Who may do what at all comes from the table
// of roles in exchange/consortium.
//
// The rules are embedded and compiled once. Each decision carries the digest of their text and of that table, so that
// a logged decision can be matched to the rules that made it. The package looks nothing up: facts come in, a decision
// goes out.
package policy

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

//go:embed */*.rego
var sources embed.FS

// library is the folder that decides nothing; unknown is the folder that refuses actions which have none of their own.
const (
	library = "lib"
	unknown = "unknown"
)

// Engine evaluates the rules. It is safe for concurrent use.
type Engine struct {
	queries map[consortium.Action]rego.PreparedEvalQuery
	unknown rego.PreparedEvalQuery
	digest  string
}

var _ consent.Policy = (*Engine)(nil)

// New compiles the rules.
func New(ctx context.Context) (*Engine, error) { return compile(ctx, consortium.Grants()) }

// compile prepares one query for each action.
func compile(ctx context.Context, grants []consortium.Grant) (*Engine, error) {
	modules, err := texts()
	if err != nil {
		return nil, err
	}
	table, err := encode(vocabulary(grants))
	if err != nil {
		return nil, err
	}
	store, err := open(table)
	if err != nil {
		return nil, err
	}
	compiler, err := parse(modules)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		queries: map[consortium.Action]rego.PreparedEvalQuery{},
		digest:  digest(append(modules, module{name: "consortium.json", text: string(table)})),
	}
	if e.unknown, err = prepare(ctx, compiler, store, unknown); err != nil {
		return nil, err
	}
	for _, m := range modules {
		action := consortium.Action(path.Dir(m.name))
		if !action.Valid() || e.has(action) {
			continue
		}
		if e.queries[action], err = prepare(ctx, compiler, store, string(action)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *Engine) has(action consortium.Action) bool {
	_, ok := e.queries[action]
	return ok
}

// parse compiles all modules together, so that each package is checked once.
func parse(modules []module) (*ast.Compiler, error) {
	parsed := map[string]*ast.Module{}
	for _, m := range modules {
		p, err := ast.ParseModuleWithOpts(m.name, m.text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, fmt.Errorf("parse policy: %w", err)
		}
		parsed[m.name] = p
	}
	compiler := ast.NewCompiler().WithStrict(true)
	if compiler.Compile(parsed); compiler.Failed() {
		return nil, fmt.Errorf("compile policy: %w", compiler.Errors)
	}
	return compiler, nil
}

// prepare readies the entrypoint of a folder.
func prepare(
	ctx context.Context, compiler *ast.Compiler, store storage.Store, folder string,
) (rego.PreparedEvalQuery, error) {
	q, err := rego.New(
		rego.Query("data.policy."+folder+".decision"), rego.Compiler(compiler), rego.Store(store),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return q, fmt.Errorf("prepare policy of %s: %w", folder, err)
	}
	return q, nil
}

// Digest is the hex SHA-256 over the rules in order of name and then the vocabulary that they read: for each its name,
// its length and its text.
func (e *Engine) Digest() string { return e.digest }

func digest(modules []module) string {
	hash := sha256.New()
	for _, m := range modules {
		fmt.Fprintf(hash, "%s\n%d\n%s", m.name, len(m.text), m.text)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

type module struct{ name, text string }

// texts returns the rules without their tests, ordered by file name.
func texts() ([]module, error) {
	names, err := fs.Glob(sources, "*/*.rego")
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

// Evaluate answers one query by the rules of its action alone; one that has none is refused with a reason. The error is
// non-nil when the rules gave no usable answer.
func (e *Engine) Evaluate(ctx context.Context, in consent.Input) (consortium.Decision, error) {
	if err := ctx.Err(); err != nil {
		return consortium.Decision{}, fmt.Errorf("evaluate policy: %w", err)
	}
	value, err := ast.InterfaceToValue(document(in))
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("build policy input: %w", err)
	}
	a, err := e.evaluate(ctx, in.Query.Action, value)
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

func (e *Engine) evaluate(ctx context.Context, action consortium.Action, input ast.Value) (answer, error) {
	query, found := e.queries[action]
	if !found {
		query = e.unknown
	}
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return answer{}, fmt.Errorf("evaluate policy: %w", err)
	}
	if len(results) != 1 {
		return answer{}, errors.New("evaluate policy: no answer")
	}
	a, err := read(results[0].Expressions[0].Value)
	if err == nil && a.allow && !found {
		return answer{}, errors.New("evaluate policy: an action without rules was allowed")
	}
	return a, err
}
