// Package people makes synthetic patients for demonstrations, tests and load: Chinese names, resident identity numbers that pass their
// check but can belong to nobody, and a clinical course as a FHIR R4 transaction bundle. The same seed and time give the same bytes.
// Nothing here describes a real person, and nothing here ships.
package people
