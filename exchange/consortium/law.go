package consortium

import (
	"fmt"
	"strings"
)

// Law is a rule of law that a reason can cite.
type Law struct {
	Code    string // short, of capital letters
	Chinese string
	English string
}

// laws are those that reasons may cite. A new one is a line here.
var laws = []Law{
	{"PIPL", "个人信息保护法", "Personal Information Protection Law"},
	{"CSL", "网络安全法", "Cybersecurity Law"},
	{"DSL", "数据安全法", "Data Security Law"},
	{"NDR", "网络数据安全管理条例", "Network Data Security Regulation"},
	{"CC", "民法典", "Civil Code"},
	{"PHL", "医师法", "Physicians Law"},
	{"ESL", "电子签名法", "Electronic Signature Law"},
	{"MDR", "医疗纠纷预防和处理条例", "Regulation on Medical Disputes"},
	{"MRM", "电子病历应用管理规范（试行）", "Rules on Electronic Medical Records (Trial)"},
	{"MRR", "医疗机构病历管理规定", "Provisions on Medical Records of Institutions"},
	{"PRX", "处方管理办法", "Measures on Prescriptions"},
}

// Laws lists them all.
func Laws() []Law { return append([]Law(nil), laws...) }

// LawOf returns the law of a code.
func LawOf(code string) (Law, bool) {
	for _, l := range laws {
		if l.Code == code {
			return l, true
		}
	}
	return Law{}, false
}

// Citation is a law and the articles of it that a reason rests on.
type Citation struct {
	Law      Law
	Articles []string // for example "23" or "13(2)"; empty for the law as a whole
}

// ParseCitations reads what a reason rests on: for each law its code and articles, several laws parted by semicolons,
// as in "PIPL 13(2), 28; MRM 14".
func ParseCitations(text string) ([]Citation, error) {
	var out []Citation
	for part := range strings.SplitSeq(text, "; ") {
		code, articles, some := strings.Cut(part, " ")
		law, known := LawOf(code)
		if !known {
			return nil, fmt.Errorf("read citation: %q is not the code of a law", code)
		}
		c := Citation{Law: law}
		if some {
			c.Articles = strings.Split(articles, ", ")
		}
		for _, a := range c.Articles {
			if a == "" || a[0] < '1' || a[0] > '9' || strings.ContainsAny(a, " ;,") {
				return nil, fmt.Errorf("read citation: %q is not an article", a)
			}
		}
		out = append(out, c)
	}
	return out, nil
}
