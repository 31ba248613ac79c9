package site

import "io/fs"

// For tests outside the package, which webtest's imports force to be there.
var (
	Templates fs.FS = templates
	KindName        = kindName
	Doubled         = doubled
)

// NavigationEntries returns every entry by its audience.
func NavigationEntries() map[string][][2]string {
	out := map[string][][2]string{}
	for _, a := range navigation {
		for _, e := range a.entries {
			out[a.name] = append(out[a.name], e.text)
		}
	}
	return out
}
