package view

import (
	"embed"
	"fmt"
	"strings"
)

// The dictionary holds words for the codes that the demonstration's data use, and no terminology as a whole. The files
// can be replaced: code, Chinese, English (of units: code, as written on paper), with tabs between.
//
//go:embed dictionary
var dictionaryFiles embed.FS

// Term is what a code is called. Own says that the record words it itself; the dictionary then only helps readers of
// the other language.
type Term struct {
	Chinese, English string
	Own              bool
	Codes            string // as written, for those who want them: "LOINC 718-7"
}

// systemNames are the code systems that people know by a name.
var systemNames = map[string]string{
	"http://loinc.org":                  "LOINC",
	"http://hl7.org/fhir/sid/icd-10":    "ICD-10",
	"http://hl7.org/fhir/sid/icd-10-cm": "ICD-10",
	"http://www.whocc.no/atc":           "ATC",
	"http://snomed.info/sct":            "SNOMED CT",
	"http://hl7.org/fhir/sid/cvx":       "CVX",
	"http://unitsofmeasure.org":         "UCUM",
}

// dictionary has the words of a code by its system's name and itself; units has those of UCUM.
var dictionary, units = loadDictionary()

func loadDictionary() (map[string][2]string, map[string]string) {
	words, paper := map[string][2]string{}, map[string]string{}
	for file, system := range map[string]string{"loinc": "LOINC", "icd10": "ICD-10", "atc": "ATC", "ucum": ""} {
		data, err := dictionaryFiles.ReadFile("dictionary/" + file + ".tsv")
		if err != nil {
			panic(fmt.Sprintf("view: read dictionary: %v", err)) // it is part of the program
		}
		for line := range strings.Lines(string(data)) {
			cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
			switch {
			case strings.HasPrefix(line, "#"):
			case system == "" && len(cells) == 2:
				paper[cells[0]] = cells[1]
			case len(cells) == 3:
				words[system+" "+cells[0]] = [2]string{cells[1], cells[2]}
			}
		}
	}
	return words, paper
}

// unitWords is a UCUM code as it is written on paper; one that the dictionary does not know stands as it is.
func unitWords(code string) string {
	if paper, ok := units[code]; ok {
		return paper
	}
	return code
}
