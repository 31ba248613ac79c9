package keyring_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/intake/intaketest"
	"yilian.example/exchange/records/recordstest"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/keyring"
)

const origin = "donghu.yilian.example/log"

func now() time.Time { return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC) }

// memory is a KeyStore in maps, with the rules of the real one.
type memory struct {
	mu        sync.Mutex
	wrapped   map[string][]byte
	destroyed map[string]bool
	loads     int
}

func newMemory() *memory { return &memory{wrapped: map[string][]byte{}, destroyed: map[string]bool{}} }

func (m *memory) PatientKey(_ context.Context, org consortium.OrgID, patient consortium.PatientRef) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	at := string(org) + "/" + string(patient)
	if m.destroyed[at] {
		return nil, fault.New(fault.Gone, "ERASED", "Erased.")
	}
	if m.wrapped[at] == nil {
		return nil, fault.New(fault.NotFound, "KEY_NOT_FOUND", "None.")
	}
	return m.wrapped[at], nil
}

func (m *memory) AddPatientKey(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, wrapped []byte, _ time.Time,
) ([]byte, error) {
	m.mu.Lock()
	at := string(org) + "/" + string(patient)
	if m.wrapped[at] == nil {
		m.wrapped[at] = wrapped
	}
	m.mu.Unlock()
	return m.PatientKey(ctx, org, patient)
}

func files(t *testing.T) config.Keys {
	t.Helper()
	dir := t.TempDir()
	keys := config.Keys{
		Wrapping: filepath.Join(dir, "keys", "wrapping.json"), Log: filepath.Join(dir, "keys", "log.key"),
		Release: filepath.Join(dir, "keys", "release.pem"), Binding: filepath.Join(dir, "keys", "binding.hex"),
		Index: filepath.Join(dir, "index.key"),
	}
	if err := keyring.Generate(keys, origin); err != nil {
		t.Fatal(err)
	}
	return keys
}

func load(t *testing.T, keys config.Keys, org consortium.OrgID, store keyring.KeyStore) *keyring.Ring {
	t.Helper()
	r, err := keyring.Load(keys, org, origin, store, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGenerate(t *testing.T) {
	keys := files(t)
	before := map[string][]byte{}
	for _, path := range []string{keys.Wrapping, keys.Log, keys.Release, keys.Binding, keys.Index} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(path), info.Mode())
		}
		before[path] = read(t, path)
	}
	if err := os.Remove(keys.Log + ".vkey"); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Generate(keys, origin); err != nil {
		t.Fatal(err)
	}
	for path, was := range before {
		if !bytes.Equal(read(t, path), was) {
			t.Errorf("%s was overwritten", filepath.Base(path))
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(keys.Log), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %v", left)
	}

	r := load(t, keys, "donghu", newMemory())
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, r.LogSigner())
	if err != nil {
		t.Fatal(err)
	}
	vkey := strings.TrimSpace(string(read(t, keys.Log+".vkey")))
	if vkey != r.LogVerifierKey() {
		t.Errorf("the file says %q, the ring %q", vkey, r.LogVerifierKey())
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil {
		t.Errorf("the verifier key does not verify the signer: %v", err)
	}
	block, _ := pem.Decode(read(t, keys.Release+".pub"))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public.(ed25519.PublicKey), []byte("m"), ed25519.Sign(r.ReleaseSigner(), []byte("m"))) {
		t.Error("the public half does not verify the release signer")
	}
}

func TestGenerateByTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	keys := config.Keys{Wrapping: dir + "/w", Log: dir + "/l", Release: dir + "/r", Binding: dir + "/b", Index: dir + "/i"}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := keyring.Generate(keys, origin); err != nil {
				t.Errorf("generate: %v", err)
			}
		})
	}
	wg.Wait()
	load(t, keys, "donghu", newMemory())
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLoadListsAllFaults(t *testing.T) {
	keys := files(t)
	write := func(path, text string, mode os.FileMode) {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(keys.Wrapping, "{}", 0o600)
	write(keys.Log, "PRIVATE+KEY+x", 0o600)
	write(keys.Release, "secret words", 0o600)
	if err := os.Chmod(keys.Index, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := keyring.Load(keys, "donghu", origin, newMemory(), now)
	if err == nil {
		t.Fatal("loaded bad keys")
	}
	for _, want := range []string{"wrapping key", "log key", "release key", "may be read by others"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not name %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret words") {
		t.Error("the error shows a file's content")
	}
	if _, err := keyring.Load(files(t), "donghu", "other.yilian.example/log", newMemory(), now); err == nil {
		t.Error("loaded a key of another log")
	}
}

func TestSealAndOpen(t *testing.T) {
	ctx := t.Context()
	keys, store := files(t), newMemory()
	r := load(t, keys, "donghu", store)
	patient, other := r.Ref("urn:test", "1"), r.Ref("urn:test", "2")
	aad := []byte("place")
	sealed, err := r.Seal(ctx, patient, aad, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Seal(ctx, other, aad, []byte("text")); err != nil {
		t.Fatal(err)
	}
	again := load(t, keys, "donghu", store) // after a restart
	if got, err := again.Open(ctx, patient, aad, sealed); err != nil || string(got) != "text" {
		t.Errorf("open = %q, %v", got, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)/2] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another place":   func() ([]byte, error) { return r.Open(ctx, patient, []byte("elsewhere"), sealed) },
		"another patient": func() ([]byte, error) { return r.Open(ctx, other, aad, sealed) },
		"a flipped bit":   func() ([]byte, error) { return r.Open(ctx, patient, aad, flipped) },
		"nothing":         func() ([]byte, error) { return r.Open(ctx, patient, aad, nil) },
	} {
		if got, err := open(); fault.Of(err).Code != "SEAL_BROKEN" || got != nil {
			t.Errorf("%s: open = %q, %v; want SEAL_BROKEN", name, got, err)
		}
	}
	if _, err := r.Open(ctx, "pnobody", aad, sealed); !fault.Is(err, fault.NotFound) {
		t.Errorf("open for a patient without a key: %v", err)
	}
	if _, ok := store.wrapped["donghu/pnobody"]; ok {
		t.Error("opening made a key")
	}
}

// TestWrappedKeyIsBoundToItsPlace moves a wrapped key to another patient, as a thief of the database could.
func TestWrappedKeyIsBoundToItsPlace(t *testing.T) {
	ctx := t.Context()
	keys, store := files(t), newMemory()
	r := load(t, keys, "donghu", store)
	sealed, err := r.Seal(ctx, "pa", nil, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	store.wrapped["donghu/pb"] = store.wrapped["donghu/pa"]
	if _, err := r.Open(ctx, "pb", nil, sealed); fault.Of(err).Code != "KEY_BROKEN" {
		t.Errorf("open with a moved key: %v; want KEY_BROKEN", err)
	}
	if _, err := load(t, files(t), "donghu", store).Open(ctx, "pa", nil, sealed); fault.Of(err).Code != "KEY_BROKEN" {
		t.Errorf("open with another organisation's wrapping key: %v; want KEY_BROKEN", err)
	}
}

// destroying is a ring whose store destroys keys.
type destroying struct {
	*keyring.Ring
	store *memory
}

func (d destroying) Destroy(_ context.Context, patient consortium.PatientRef) error {
	d.store.destroyed["donghu/"+string(patient)] = true
	d.Forget(patient)
	return nil
}

// TestIndexConformance holds the ring to the suite of intake: the members have one index key.
func TestIndexConformance(t *testing.T) {
	keys := files(t)
	intaketest.Conformance(t, func(t *testing.T, org consortium.OrgID) intaketest.PatientIndex {
		return load(t, keys, org, newMemory())
	})
}

// TestConformance holds the ring to the suite of the records domain.
func TestConformance(t *testing.T) {
	recordstest.KeysConformance(t, func(t *testing.T) recordstest.KeyBackend {
		store := newMemory()
		return destroying{load(t, files(t), "donghu", store), store}
	})
}

func TestDestroyedKeyIsGone(t *testing.T) {
	ctx := t.Context()
	keys, store := files(t), newMemory()
	r := load(t, keys, "donghu", store)
	sealed, err := r.Seal(ctx, "pa", nil, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	store.destroyed["donghu/pa"] = true
	r.Forget("pa")
	if _, err := r.Open(ctx, "pa", nil, sealed); !fault.Is(err, fault.Gone) {
		t.Errorf("open = %v, want gone", err)
	}
	if _, err := r.Seal(ctx, "pa", nil, []byte("more")); !fault.Is(err, fault.Gone) {
		t.Errorf("seal = %v, want gone", err)
	}
}

func TestOneKeyForAllGateways(t *testing.T) {
	ctx := t.Context()
	keys, store := files(t), newMemory()
	sealed := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range sealed {
		r := load(t, keys, "donghu", store)
		wg.Go(func() {
			var err error
			if sealed[i], err = r.Seal(ctx, "pa", nil, []byte("text")); err != nil {
				t.Errorf("seal: %v", err)
			}
		})
	}
	wg.Wait()
	r := load(t, keys, "donghu", store)
	for i, s := range sealed {
		if _, err := r.Open(ctx, "pa", nil, s); err != nil {
			t.Errorf("what gateway %d sealed does not open: %v", i, err)
		}
	}
}

func TestKeysAreCached(t *testing.T) {
	ctx := t.Context()
	store := newMemory()
	r := load(t, files(t), "donghu", store)
	for range 100 {
		if _, err := r.Seal(ctx, "pa", nil, []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	if store.loads > 2 {
		t.Errorf("the store was asked %d times for one key", store.loads)
	}
}

func TestBlind(t *testing.T) {
	ctx := t.Context()
	keys, store := files(t), newMemory()
	r := load(t, keys, "donghu", store)
	blind := func(r *keyring.Ring, parts ...string) string {
		t.Helper()
		token, err := r.Blind(ctx, parts...)
		if err != nil {
			t.Fatal(err)
		}
		return string(token)
	}
	if blind(r, "a", "b") != blind(load(t, keys, "donghu", store), "a", "b") {
		t.Error("two gateways of one organisation blind differently")
	}
	if blind(r, "a", "b") == blind(r, "ab", "") || blind(r, "a", "b") == blind(r, "b", "a") {
		t.Error("different parts give one token")
	}
	if blind(r, "a") == blind(load(t, keys, "qingshan", store), "a") {
		t.Error("two organisations have the same token: their holdings could be matched")
	}
}

// TestLostSigningKeyIsNotMadeAnew removes a key that others know: another in its place would be refused by all of them,
// and nobody would see why.
func TestLostSigningKeyIsNotMadeAnew(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	keys := config.Keys{
		Wrapping: file("wrapping"), Log: file("log"), Release: file("release"), Index: file("index"),
		Binding: file("binding"),
	}
	if err := keyring.Generate(keys, origin); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []string{keys.Log, keys.Release} {
		data, err := os.ReadFile(lost)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(lost); err != nil {
			t.Fatal(err)
		}
		err = keyring.Generate(keys, origin)
		if err == nil || !strings.Contains(err.Error(), "put it back from the backup") {
			t.Errorf("%s: %v", lost, err)
		}
		if _, err := os.Stat(lost); err == nil {
			t.Errorf("%s was made anew", lost)
		}
		if err := os.WriteFile(lost, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := keyring.Generate(keys, origin); err != nil {
			t.Errorf("with its key back: %v", err)
		}
	}
}
