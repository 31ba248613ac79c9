// Package people makes synthetic patients for demonstrations, tests and load: Chinese names, resident identity numbers
// that pass their check but can belong to nobody, and a clinical course as a FHIR R4 transaction bundle. The same seed
// and time give the same bytes. Nothing here describes a real person, and nothing here ships.
package people

import (
	"math/rand/v2"
	"time"
)

// Person is one synthetic patient.
type Person struct {
	Name       string
	Female     bool
	Birth      time.Time // midnight UTC of the day
	Identifier string    // resident identity number, in the system IDCardSystem
	// a FHIR R4 transaction: the patient and a clinical course with an encounter that lasts at the generator's time
	Bundle []byte
}

// Generator makes people. It belongs to one goroutine.
type Generator struct {
	rand *rand.Rand
	now  time.Time
}

// New makes a generator. Times in the bundles are around now, so that care is current.
func New(seed uint64, now time.Time) *Generator {
	return &Generator{rand: rand.New(rand.NewPCG(seed, 0x79696c69616e)), now: now.UTC().Truncate(time.Second)}
}

// Patient makes the next person.
func (g *Generator) Patient() Person {
	p := Person{Female: g.rand.IntN(2) == 0, Birth: g.birth()}
	p.Name = g.name(p.Female)
	p.Identifier = residentID(991000+g.rand.IntN(9000), p.Birth, g.sequence(p.Female))
	p.Bundle = g.bundle(p, courses[g.rand.IntN(len(courses))])
	return p
}

// birth is a day that makes the person 18 to 90 years old.
func (g *Generator) birth() time.Time {
	days := 18*366 + g.rand.IntN(72*365)
	y, m, d := g.now.AddDate(0, 0, -days).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (g *Generator) sequence(female bool) int {
	n := 2 * g.rand.IntN(500)
	if !female {
		n++
	}
	return n
}

// Demo returns the three people of the demonstration, always in this order: 王秀兰 (diabetes, liver values followed by
// laboratory), 李建国 (pneumonia with a CT report) and 陈雨 (hypertension).
func Demo(now time.Time) []Person {
	demo := []struct {
		person Person
		course string
	}{
		{Person{Name: "王秀兰", Female: true, Birth: day(1958, 3, 12), Identifier: WangXiulanID}, "diabetes"},
		{Person{Name: "李建国", Birth: day(1965, 7, 28), Identifier: LiJianguoID}, "pneumonia"},
		{Person{Name: "陈雨", Female: true, Birth: day(1992, 11, 5), Identifier: ChenYuID}, "hypertension"},
	}
	out := make([]Person, len(demo))
	for i, d := range demo {
		g := New(uint64(i)+1, now)
		out[i] = d.person
		for _, c := range courses {
			if c.name == d.course {
				out[i].Bundle = g.bundle(d.person, c)
			}
		}
	}
	return out
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
