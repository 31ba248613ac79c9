package evidence

import "strings"

// Contradiction is two files that each hold by themselves and cannot both be true: the organisation logged one version
// of one record twice. One file alone never shows that.
type Contradiction struct {
	First, Second int // places in what was given, first 0
	SameContent   bool
}

// Words says in Chinese or English what contradicts what.
func (c Contradiction) Words(lang string) string {
	zh, en := "内容不同", "different contents"
	if c.SameContent {
		zh, en = "内容相同，但在日志中登记了两次", "the same content, logged twice"
	}
	if strings.HasPrefix(lang, "zh") {
		return "同一记录的同一版本有两份相互矛盾的证据：" + zh
	}
	return "two files contradict each other about one version of one record: " + en
}

// Contradictions finds them among reports that hold; others are left aside.
func Contradictions(reports []Report) []Contradiction {
	type version struct {
		org, typ, id string
		number       int
	}
	seen := map[version][]int{}
	var out []Contradiction
	for i, r := range reports {
		if !r.OK {
			continue
		}
		v := version{r.Statement.Org, r.Statement.Type, r.Statement.ID, r.Statement.Version}
		for _, other := range seen[v] {
			o := reports[other]
			if o.Origin == r.Origin && o.Index == r.Index && o.Statement == r.Statement {
				continue
			}
			out = append(out, Contradiction{First: other, Second: i, SameContent: o.Statement.SHA256 == r.Statement.SHA256})
		}
		seen[v] = append(seen[v], i)
	}
	return out
}
