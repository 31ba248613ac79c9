package site

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestColoursCanBeRead holds the design system's pairs to WCAG 2.2 AA: 4.5 for text, 3 for edges and drawings, in light
// and in dark.
func TestColoursCanBeRead(t *testing.T) {
	css, err := staticFiles.ReadFile("static/site.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark mode")
	}
	dark, _, _ := strings.Cut(rest, "*, *::before")
	text := []string{
		"ink/paper",
		"ink/surface",
		"muted/paper",
		"muted/surface",
		"muted/sunken",
		"muted/good-soft",
		"muted/bad-soft",
		"accent/paper",
		"accent/surface",
		"accent/accent-soft",
		"accent-ink/accent",
		"good/good-soft",
		"good/paper",
		"bad/bad-soft",
		"bad/surface",
		"wait/wait-soft",
		"wait/surface",
	}
	drawn := []string{"strong-line/surface", "ink/band", "ink/sunken", "wait/sunken", "bad/sunken", "accent/sunken"}
	for name, block := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
			colours[m[1]] = m[2]
		}
		check := func(pairs []string, least float64) {
			for _, pair := range pairs {
				front, back, _ := strings.Cut(pair, "/")
				if got := contrast(t, colours[front], colours[back]); got < least {
					t.Errorf("%s: %s has a contrast of %.2f, needs %.1f", name, pair, got, least)
				}
			}
		}
		check(text, 4.5)
		check(drawn, 3)
	}
}

// contrast is WCAG's ratio of two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatalf("a colour is missing: %q", hex)
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.03928 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}

// TestNoColourOutsideTheSystem keeps colours in the custom properties, so that both modes stay complete. Print is black
// on white.
func TestNoColourOutsideTheSystem(t *testing.T) {
	css, err := staticFiles.ReadFile("static/site.css")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(css), "*, *::before")
	rules, _, _ = strings.Cut(rules, "@media print")
	if found := regexp.MustCompile(`#[0-9a-f]{3,8}\b|rgb\(|hsl\(`).FindString(rules); found != "" {
		t.Errorf("a rule names the colour %s", found)
	}
}

// TestPrintLeavesNothingFolded: "10 visits" printed six, since what is folded on the screen was missing on paper.
func TestPrintLeavesNothingFolded(t *testing.T) {
	css, err := staticFiles.ReadFile("static/site.css")
	if err != nil {
		t.Fatal(err)
	}
	screen, paper, found := strings.Cut(string(css), "@media print")
	if !found || !strings.Contains(paper, "details::details-content { content-visibility: visible; display: block;") {
		t.Error("what is folded is not printed")
	}
	head := ".print-head { display: "
	if !strings.Contains(paper, head+"block") || !strings.Contains(screen, head+"none") {
		t.Error("the head of a print is not on paper alone")
	}
}
