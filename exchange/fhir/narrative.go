package fhir

import "bytes"

// validNarrative checks Narrative.div.
func validNarrative(b []byte) bool {
	b = bytes.TrimSpace(b)
	return bytes.HasPrefix(b, []byte("<div")) && bytes.HasSuffix(b, []byte(">"))
}
