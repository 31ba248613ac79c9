package logbook

import "strconv"

// Place joins the parts that say where something sealed stands, each with its length, so that no two lists of parts
// give the same bytes. It is the associated data of all that is sealed.
func Place(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = strconv.AppendInt(out, int64(len(p)), 10)
		out = append(append(out, ':'), p...)
	}
	return out
}
