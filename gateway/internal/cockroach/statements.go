package cockroach

// statement is one SQL statement of the product. It is made by sql alone, so that no statement escapes the tests that
// go through all of them: CockroachDB's grammar, and the plan that the server makes.
type statement struct{ name, text string }

// statements are all statements, in the order of declaration.
var statements []statement

// sql registers a statement under a name for people. It is for package variables only.
func sql(name, text string) statement {
	s := statement{name: name, text: text}
	statements = append(statements, s)
	return s
}
