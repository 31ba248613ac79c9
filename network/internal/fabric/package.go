package fabric

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Package is an installable chaincode package.
type Package struct {
	Label string
	ID    string // label:sha256, by which peers and the chaincode process know it
	Bytes []byte
}

// NewPackage makes the package of chaincode that runs as a service. It holds no code and no address, so it is the same,
// to the byte, for every member and every time: a new build of the chaincode needs no new package.
func NewPackage(name string) (Package, error) {
	label := name + "_1"
	metadata, err := json.Marshal(map[string]string{"type": "ccaas", "label": label})
	if err != nil {
		return Package{}, fmt.Errorf("encode package metadata: %w", err)
	}
	code, err := archive(map[string][]byte{}, nil)
	if err != nil {
		return Package{}, err
	}
	content, err := archive(
		map[string][]byte{"metadata.json": metadata, "code.tar.gz": code}, []string{"metadata.json", "code.tar.gz"},
	)
	if err != nil {
		return Package{}, err
	}
	sum := sha256.Sum256(content)
	return Package{Label: label, ID: label + ":" + hex.EncodeToString(sum[:]), Bytes: content}, nil
}

// archive packs files in the given order, with no times or owners in it.
func archive(files map[string][]byte, order []string) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, name := range order {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))})
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
		_, err = w.Write(files[name])
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	err := w.Close()
	if err != nil {
		return nil, fmt.Errorf("close archive: %w", err)
	}
	err = zip.Close()
	if err != nil {
		return nil, fmt.Errorf("close archive: %w", err)
	}
	return out.Bytes(), nil
}
