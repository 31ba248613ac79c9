package people

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// object is a JSON object that keeps the order of its members (name, value, …): resourceType stands first, as people
// expect.
type object []any

// list is a JSON array.
type list []any

// appendJSON writes a value. Generators of load write many, and encoding/json would encode nested objects once for
// every level.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case object:
		b = append(b, '{')
		for i := 0; i+1 < len(v); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v[i])
			b = append(b, ':')
			b = appendJSON(b, v[i+1])
		}
		return append(b, '}')
	case list:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	case string:
		text, _ := json.Marshal(v) // a string always encodes
		return append(b, text...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case decimal:
		return strconv.AppendFloat(b, v.value, 'f', v.digits, 64)
	}
	panic(fmt.Sprintf("people: no way to write a %T", v))
}

// decimal is a number with a fixed number of digits, trailing zeros kept: 5.10 is not 5.1 to a laboratory.
type decimal struct {
	value  float64
	digits int
}
