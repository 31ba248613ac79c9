package fhir

import (
	"bytes"
	"math"
	"strconv"
)

// format is one primitive type: the JSON kind that carries it and its rule, in words for the sender.
type format struct {
	name   string
	json   kind // kindTrue stands for both booleans
	words  string
	valid  func([]byte) bool // gets the unescaped text of a string, or the number as written
	linked bool              // may hold the address of another entry of the same bundle
}

// formats are the primitive types of R4 (https://hl7.org/fhir/R4/datatypes.html#primitive).
var formats = map[string]*format{
	"boolean": {json: kindTrue, words: "true or false, without quotes"},
	"integer": {
		json:  kindNumber,
		words: "a whole number of 32 bits, without quotes",
		valid: integerFrom(math.MinInt32),
	},
	"unsignedInt":  {json: kindNumber, words: "a whole number from 0, without quotes", valid: integerFrom(0)},
	"positiveInt":  {json: kindNumber, words: "a whole number from 1, without quotes", valid: integerFrom(1)},
	"decimal":      {json: kindNumber, words: "a number, without quotes", valid: validDecimal},
	"string":       {json: kindString, words: "text that is not empty, without control characters", valid: validString},
	"markdown":     {json: kindString, words: "text that is not empty, without control characters", valid: validString},
	"code":         {json: kindString, words: "a code: no space at either end and single spaces inside", valid: validCode},
	"id":           {json: kindString, words: "1 to 64 letters, digits, hyphens and dots", valid: validID},
	"uri":          {json: kindString, words: "an address without spaces", valid: validURI, linked: true},
	"url":          {json: kindString, words: "an address without spaces", valid: validURI, linked: true},
	"canonical":    {json: kindString, words: "an address without spaces", valid: validURI},
	"oid":          {json: kindString, words: "urn:oid: and an object identifier", valid: validOID, linked: true},
	"uuid":         {json: kindString, words: "urn:uuid: and a UUID in lower case", valid: validUUID, linked: true},
	"base64Binary": {json: kindString, words: "base64 text", valid: validBase64},
	"date":         {json: kindString, words: "a date: YYYY, YYYY-MM or YYYY-MM-DD", valid: validDate},
	"dateTime": {
		json:  kindString,
		words: "a date, or a date and time with seconds and time zone",
		valid: validDateTime,
	},
	"instant": {json: kindString, words: "a date and time with seconds and time zone", valid: validInstant},
	"time":    {json: kindString, words: "a time: hh:mm:ss", valid: validTime},
	"xhtml": {
		json:  kindString,
		words: "one XHTML div of formatting elements only: no script, form, event or foreign content",
		valid: validNarrative,
	},
}

func init() {
	for name, f := range formats {
		f.name = name
	}
}

func integerFrom(low int64) func([]byte) bool {
	return func(b []byte) bool {
		n, err := strconv.ParseInt(string(b), 10, 64)
		// A JSON number may be -0; R4's integer may not.
		return err == nil && n >= low && n <= math.MaxInt32 && !(n == 0 && b[0] == '-')
	}
}

// validDecimal refuses only what no reader can hold: more than 1,000 digits or an exponent of more than 4.
func validDecimal(b []byte) bool {
	mantissa := b
	if e := bytes.IndexAny(b, "eE"); e >= 0 {
		mantissa = b[:e]
		if len(b)-e > 6 {
			return false
		}
	}
	return len(mantissa) <= 1000
}

// maxString is R4's bound on strings: one million characters. It is not applied to base64 and XHTML.
const maxString = 1 << 20

func validString(b []byte) bool {
	if len(b) == 0 || len(b) > maxString {
		return false
	}
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

func validCode(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	space := true // as if before the text: none may lead
	for _, c := range b {
		switch {
		case c == ' ':
			if space {
				return false
			}
			space = true
		case c < 0x20:
			return false
		default:
			space = false
		}
	}
	return !space
}

func validID(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	for _, c := range b {
		if !alphanumeric(c) && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func validURI(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for _, c := range b {
		if c <= ' ' {
			return false
		}
	}
	return true
}

func validOID(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("urn:oid:"))
	if !ok || len(rest) < 3 || rest[0] < '0' || rest[0] > '2' {
		return false
	}
	for i, arc := range bytes.Split(rest, []byte(".")) {
		if len(arc) == 0 || len(arc) > 1 && arc[0] == '0' || i == 0 && len(arc) > 1 || !allDigits(arc) {
			return false
		}
	}
	return true
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func validUUID(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("urn:uuid:"))
	if !ok || len(rest) != 36 {
		return false
	}
	for i, c := range rest {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// validBase64 allows white space between the characters, as R4 does.
func validBase64(b []byte) bool {
	n, padding := 0, 0
	for _, c := range b {
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '=':
			padding++
			n++
		case padding > 0 || !alphanumeric(c) && c != '+' && c != '/':
			return false
		default:
			n++
		}
	}
	return n > 0 && n%4 == 0 && padding <= 2
}
