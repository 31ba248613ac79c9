package keyring

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/bound"
)

// FileKEK is a wrapping key in a file: a tink keyset in JSON that only its owner may read. Rotation is tink's: add a
// key to the keyset and make it primary; what was wrapped under older ones still unwraps.
type FileKEK struct{ aead tink.AEAD }

var _ KEK = (*FileKEK)(nil)

// OpenFileKEK reads the keyset. It refuses a file that others may read.
func OpenFileKEK(path string) (*FileKEK, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("read wrapping key: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		return nil, fmt.Errorf("read wrapping key %s: it is not a tink keyset in JSON", path)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("read wrapping key %s: its keys are not for authenticated encryption", path)
	}
	return &FileKEK{aead: primitive}, nil
}

// Wrap encrypts a data key.
func (k *FileKEK) Wrap(_ context.Context, key, aad []byte) ([]byte, error) {
	return k.aead.Encrypt(key, aad)
}

// Unwrap decrypts a data key.
func (k *FileKEK) Unwrap(_ context.Context, wrapped, aad []byte) ([]byte, error) {
	key, err := k.aead.Decrypt(wrapped, aad)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, CodeKeyBroken,
			"A data key cannot be unwrapped with this organisation's wrapping key. Please tell your administrator.")
	}
	return key, nil
}

// Generate makes the key files that are missing, each readable by its owner only, and beside the two signing keys their
// public halves: <release>.pub (PKIX, PEM) and <log>.vkey (signed-note verifier key). A file that exists is never
// touched, and a signing key whose public half is left is not made anew. Origin is the log's name.
func Generate(keys config.Keys, origin string) error {
	for secret, public := range map[string]string{keys.Log: logPublic(keys), keys.Release: releasePublic(keys)} {
		if err := notLost(secret, public); err != nil {
			return fmt.Errorf("make key: %w", err)
		}
	}
	steps := []struct {
		path string
		make func() ([]byte, error)
	}{
		{keys.Wrapping, newWrappingKey},
		{keys.Log, func() ([]byte, error) { return newLogKey(origin) }},
		{keys.Release, newReleaseKey},
		{keys.Binding, newSecret},
		{keys.Index, newSecret},
	}
	for _, s := range steps {
		if err := createSecret(s.path, s.make); err != nil {
			return fmt.Errorf("make key: %w", err)
		}
	}
	return writePublic(keys, origin)
}

func logPublic(keys config.Keys) string     { return keys.Log + ".vkey" }
func releasePublic(keys config.Keys) string { return keys.Release + ".pub" }

// notLost refuses to replace a signing key of which only the public half is left. The ledger and the other members know
// the old one, and would take nothing that is signed with another.
func notLost(secret, public string) error {
	if _, err := os.Lstat(secret); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := os.Lstat(public); err != nil {
		return nil
	}
	return fmt.Errorf(
		"%s is gone, and %s shows that there was one: put it back from the backup of this organisation's keys; the ledger "+
			"and the other members accept no other. Only where nothing was ever signed with it, remove %s as well",
		secret, public, public,
	)
}

// writePublic derives the public halves from the files, so that they are right even when only they were lost.
func writePublic(keys config.Keys, origin string) error {
	_, vkey, err := readLogKey(keys.Log, origin)
	if err != nil {
		return err
	}
	release, err := readReleaseKey(keys.Release)
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(release.Public())
	if err != nil {
		return fmt.Errorf("encode release key: %w", err)
	}
	if err := replacePublic(logPublic(keys), []byte(vkey+"\n")); err != nil {
		return err
	}
	return replacePublic(releasePublic(keys), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
}

func newWrappingKey() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func newLogKey(origin string) ([]byte, error) {
	private, _, err := note.GenerateKey(rand.Reader, origin)
	return []byte(private + "\n"), err
}

func newReleaseKey() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func newSecret() ([]byte, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return []byte(hex.EncodeToString(raw) + "\n"), nil
}

// readLogKey returns the signer and the verifier key that belongs to it.
func readLogKey(path, origin string) (note.Signer, string, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, "", fmt.Errorf("read log key: %w", err)
	}
	private := strings.TrimSpace(string(data))
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, "", fmt.Errorf("read log key %s: it is not a signed-note signer key", path)
	}
	if signer.Name() != origin {
		return nil, "", fmt.Errorf("read log key %s: it is named %q, the log is %q", path, signer.Name(), origin)
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and seed>
	parts := strings.Split(private, "+")
	raw, err := base64.StdEncoding.DecodeString(strings.Join(parts[4:], "+"))
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, "", fmt.Errorf("read log key %s: it is not an Ed25519 key", path)
	}
	vkey, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", fmt.Errorf("derive verifier key of %s: %w", path, err)
	}
	return signer, vkey, nil
}

func readReleaseKey(path string) (ed25519.PrivateKey, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("read release key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read release key %s: it is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("read release key %s: it is not an Ed25519 key in PKCS 8", path)
	}
	return key, nil
}

// readHexKey reads 32 bytes in hex; name says of what.
func readHexKey(name, path string) ([]byte, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, fmt.Errorf("read %s key: %w", name, err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("read %s key %s: it is not 32 bytes in hex", name, path)
	}
	return key, nil
}

// BindingKey reads the key that binds the organisation's rows in the database. It comes before Load, since the database
// is opened with it, and the ring keeps its data keys there.
func BindingKey(keys config.Keys) (*bound.Key, error) {
	secret, err := readHexKey("binding", keys.Binding)
	if err != nil {
		return nil, err
	}
	return bound.New(secret)
}

// readSecret reads a file that nobody but its owner may read.
func readSecret(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("no file is configured")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others: run chmod 600 on it", path)
	}
	return os.ReadFile(path)
}

// createSecret makes the file, whole or not at all, and leaves one that exists alone: a hard link is made only where
// there is none, also when two processes try at once.
func createSecret(path string, content func() ([]byte, error)) error {
	if path == "" {
		return errors.New("no file is configured")
	}
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	data, err := content()
	if err != nil {
		return fmt.Errorf("generate %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temp, err := writeTemp(path, data, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := os.Link(temp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func replacePublic(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	temp, err := writeTemp(path, data, 0o644)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeTemp writes a durable temporary file beside path.
func writeTemp(path string, data []byte, mode os.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, errWrite := f.Write(data)
	err = errors.Join(errWrite, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
