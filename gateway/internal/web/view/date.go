package view

import "time"

// Date is a FHIR date or dateTime: as exact as it was written, no more.
type Date struct {
	Raw  string
	Time time.Time // the beginning of what it names; zero when Raw is empty or not a date
	// Exact tells how much of Time was written: "year", "month", "day" or "time".
	Exact string
}

// china is the country's one time zone: a date without a time is a day there.
var china = time.FixedZone("UTC+8", 8*60*60)

// ParseDate reads a FHIR date, dateTime or instant. What it cannot read is kept as Raw.
func ParseDate(raw string) Date {
	for _, form := range []struct{ layout, exact string }{
		{time.RFC3339Nano, "time"}, {"2006-01-02T15:04Z07:00", "time"},
		{"2006-01-02", "day"}, {"2006-01", "month"}, {"2006", "year"},
	} {
		t, err := time.ParseInLocation(form.layout, raw, china)
		if err == nil {
			return Date{Raw: raw, Time: t.In(china), Exact: form.exact}
		}
	}
	return Date{Raw: raw}
}

// Day is the date's day, or the date itself where it is less exact.
func (d Date) Day() Date {
	if d.Exact != "time" {
		return d
	}
	return ParseDate(d.Time.Format("2006-01-02"))
}

// first returns the first date that is set.
func first(raws ...string) Date {
	for _, raw := range raws {
		if raw != "" {
			return ParseDate(raw)
		}
	}
	return Date{}
}
