package pki

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// WarnBefore is how long before its end a certificate is warned of: new ones need their issuer, and those of orderers
// the consent of the other members.
const WarnBefore = 60 * 24 * time.Hour

// Certificate says from when to when the certificate in a file is good.
type Certificate struct {
	File   string    `json:"file"`
	Begins time.Time `json:"begins"`
	Ends   time.Time `json:"ends"`
}

// Days is how many whole days a certificate is still good for; it is negative when it is over.
func (c Certificate) Days(now time.Time) int {
	left := c.Ends.Sub(now)
	if left < 0 {
		return int(left/(24*time.Hour)) - 1
	}
	return int(left / (24 * time.Hour))
}

// Soon reports whether a certificate ends soon, or has ended.
func (c Certificate) Soon(now time.Time) bool { return c.Ends.Sub(now) < WarnBefore }

// Certificates reads all certificates below a directory, the one that ends first before the others. Ledgers are left
// out: they hold certificates of their own.
func Certificates(dir string) ([]Certificate, error) {
	var all []Certificate
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "data":
			return fs.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".crt", ".pem"}, filepath.Ext(path)):
			return nil
		}
		found, err := read(path)
		all = append(all, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Certificate) int {
		// Copies, and what was made at the same time, end together: the plainest name stands for all.
		return cmp(a.Ends.Compare(b.Ends), len(a.File)-len(b.File), strings.Compare(a.File, b.File))
	})
	return all, nil
}

// cmp is the first of several comparisons that tells two things apart.
func cmp(results ...int) int {
	for _, result := range results {
		if result != 0 {
			return result
		}
	}
	return 0
}

// read reads the certificates in a file, which may hold none: keys are PEM too.
func read(path string) ([]Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Certificate
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return all, nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", path, err)
		}
		all = append(all, Certificate{File: path, Begins: cert.NotBefore, Ends: cert.NotAfter})
	}
}

// CheckDates names the certificates that are not good now. Programs that are started with one can tell their callers
// nothing: they do not come as far as answering.
func CheckDates(all []Certificate, now time.Time) error {
	var faults []error
	for _, c := range all {
		switch {
		case now.After(c.Ends):
			faults = append(faults, fmt.Errorf("%s ended on %s", c.File, date(c.Ends)))
		case now.Before(c.Begins):
			faults = append(faults, fmt.Errorf("%s begins on %s: is this machine's clock right", c.File, date(c.Begins)))
		}
	}
	if more := len(faults) - 3; more > 0 {
		faults = append(faults[:3], fmt.Errorf("and %d more", more))
	}
	return errors.Join(faults...)
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
