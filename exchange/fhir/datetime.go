package fhir

import "time"

// dateParts reads YYYY, YYYY-MM or YYYY-MM-DD at the start of b. Precision is 1 to 3, or 0 for no date; rest is what
// follows.
func dateParts(b []byte) (year, month, day, precision int, rest []byte) {
	year, ok := number(b, 4)
	if !ok || year == 0 {
		return 0, 0, 0, 0, b
	}
	if len(b) < 5 || b[4] != '-' {
		return year, 0, 0, 1, b[4:]
	}
	month, ok = number(b[5:], 2)
	if !ok || month < 1 || month > 12 {
		return 0, 0, 0, 0, b
	}
	if len(b) < 8 || b[7] != '-' {
		return year, month, 0, 2, b[7:]
	}
	day, ok = number(b[8:], 2)
	if !ok || day < 1 || day > daysIn(year, month) {
		return 0, 0, 0, 0, b
	}
	return year, month, day, 3, b[10:]
}

// number reads exactly n digits at the start of b.
func number(b []byte, n int) (int, bool) {
	if len(b) < n {
		return 0, false
	}
	v := 0
	for _, c := range b[:n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// clock reads hh:mm:ss and an optional fraction at the start of b and returns what follows. A leap second is allowed.
func clock(b []byte) ([]byte, bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return nil, false
	}
	h, okH := number(b, 2)
	m, okM := number(b[3:], 2)
	s, okS := number(b[6:], 2)
	if !okH || !okM || !okS || h > 23 || m > 59 || s > 60 {
		return nil, false
	}
	b = b[8:]
	if len(b) == 0 || b[0] != '.' {
		return b, true
	}
	n := 1
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return b[n:], n > 1
}

// zone reads Z or an offset of at most 14 hours, which must end b.
func zone(b []byte) bool {
	if len(b) == 1 {
		return b[0] == 'Z'
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return false
	}
	h, okH := number(b[1:], 2)
	m, okM := number(b[4:], 2)
	return okH && okM && m <= 59 && (h < 14 || h == 14 && m == 0)
}

func validDate(b []byte) bool {
	_, _, _, precision, rest := dateParts(b)
	return precision > 0 && len(rest) == 0
}

func validDateTime(b []byte) bool {
	_, _, _, precision, rest := dateParts(b)
	if precision == 0 {
		return false
	}
	return len(rest) == 0 || precision == 3 && timeAndZone(rest)
}

func validInstant(b []byte) bool {
	_, _, _, precision, rest := dateParts(b)
	return precision == 3 && timeAndZone(rest)
}

func timeAndZone(b []byte) bool {
	if len(b) == 0 || b[0] != 'T' {
		return false
	}
	rest, ok := clock(b[1:])
	return ok && zone(rest)
}

func validTime(b []byte) bool {
	rest, ok := clock(b)
	return ok && len(rest) == 0
}

// china is the zone of dates that name none: the consortium's hospitals all keep it (GB/T 7408.1, UTC+8, no summer
// time).
var china = time.FixedZone("UTC+8", 8*60*60)

// span returns the first instant that a valid dateTime may mean and the first one after it: a day, month or year is as
// long as it is, an exact time is a span of one second. It reports false for anything else.
func span(text string) (from, until time.Time, ok bool) {
	b := []byte(text)
	year, month, day, precision, rest := dateParts(b)
	switch {
	case precision == 0:
		return from, until, false
	case len(rest) > 0:
		t, err := time.Parse(time.RFC3339Nano, text)
		return t, t.Add(time.Second), err == nil
	case precision == 1:
		from = time.Date(year, 1, 1, 0, 0, 0, 0, china)
		return from, from.AddDate(1, 0, 0), true
	case precision == 2:
		from = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, china)
		return from, from.AddDate(0, 1, 0), true
	}
	from = time.Date(year, time.Month(month), day, 0, 0, 0, 0, china)
	return from, from.AddDate(0, 0, 1), true
}
