package evidence_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
	"yilian.example/exchange"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

const origin = "donghu.yilian.example/log"

// scene is a log with one real record among others, witnessed by a ledger of four members.
type scene struct {
	version exchange.Version
	index   int64
	tiles   tlog.ReadTiles
	state   ledger.LogState
	signer  tlog.Signer
	cas     []*stubtest.CA
	roots   evidence.Roots
	around  func(i int) []byte // other entries; nil: of the hour in which the record was recorded
}

func newScene(t testing.TB) *scene {
	t.Helper()
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{index: 300}
	if s.signer, err = tlog.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	recorded := time.Date(2026, 11, 21, 20, 15, 30, 123456000, time.UTC)
	s.version = exchange.Version{
		Ref: exchange.RecordRef{
			Org:  "donghu",
			Type: "Observation",
			ID:   "a1b2",
		},
		Number:   1,
		Patient:  "p" + "a",
		Kind:     "observations",
		Recorded: recorded,
		Content:  []byte(`{"resourceType":"Observation","id":"a1b2"}`),
		Salt:     [32]byte{1, 2, 3},
		Entry:    "entry-300",
	}
	s.state = ledger.LogState{
		Type:       ledger.TypeWitness,
		Channel:    "yilian",
		Origin:     origin,
		MSP:        "donghu",
		Key:        vkey,
		Time:       recorded.Add(time.Minute),
		Tx:         "tx",
		Registered: recorded.Add(-time.Hour),
	}
	s.attested(time.Now())
	s.grow(t, 400)
	s.sign(t, 400)
	pems := map[string][]byte{}
	for _, member := range []string{"donghu", "qingshan", "anhe", "weijian"} {
		ca, err := stubtest.NewCA(member)
		if err != nil {
			t.Fatal(err)
		}
		s.cas = append(s.cas, ca)
		pems[member] = ca.PEM()
	}
	if s.roots, err = evidence.ParseRoots(pems); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) attested(at time.Time) { s.state.Attested = &at }

// grow fills the log with n entries, the record's at index.
func (s *scene) grow(t testing.TB, n int) {
	t.Helper()
	tree, err := tlog.NewBuilder(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		leaf := anchortest.Leaf(i)
		if s.around != nil {
			leaf = s.around(i)
		}
		if int64(i) == s.index {
			leaf = tlog.NewLeaf(
				tlog.KindRecord, s.version.Recorded, tlog.Commit(tlog.KindRecord, s.version.Salt, exchange.Statement(s.version)),
			)
		}
		if err := tree.Add(leaf); err != nil {
			t.Fatal(err)
		}
	}
	kept := map[tlog.Tile][]byte{}
	for _, tile := range append(tree.TakeFull(), tree.Partial()...) {
		kept[tile.Tile] = tile.Data
	}
	s.tiles = func(tiles []tlog.Tile) ([][]byte, error) {
		var out [][]byte
		for _, tile := range tiles {
			found := false
			for k, data := range kept {
				if k.Level == tile.Level && k.N == tile.N {
					cut, err := tile.Cut(data)
					if err != nil {
						return nil, err
					}
					out, found = append(out, cut), true
				}
			}
			if !found {
				return nil, errors.New("no such tile")
			}
		}
		return out, nil
	}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	s.state.Root, s.state.Size = root[:], int64(n)
}

// sign makes the note of the state's tree.
func (s *scene) sign(t testing.TB, size int64) {
	t.Helper()
	note, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: origin, Size: size, Root: tlog.Hash(s.state.Root)}, s.signer)
	if err != nil {
		t.Fatal(err)
	}
	s.state.Note = note
}

func (s *scene) record() evidence.Record {
	return evidence.Record{Statement: exchange.Statement(s.version), Content: s.version.Content, Salt: s.version.Salt}
}

func (s *scene) attestation(t testing.TB) evidence.Attestation {
	t.Helper()
	return attestation(t, stubtest.FakeAttestation(t, s.state, s.cas...))
}

func attestation(t testing.TB, prepared []byte) evidence.Attestation {
	t.Helper()
	a, err := evidence.NewAttestation(prepared)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// options are those of a verifier that knows the consortium.
func options() evidence.Options { return evidence.Options{Domain: "yilian.example"} }

func (s *scene) file(t testing.TB) evidence.File {
	t.Helper()
	f, err := evidence.New(s.record(), s.index, s.attestation(t), s.tiles)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func marshal(t testing.TB, f evidence.File) []byte {
	t.Helper()
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// failed returns the codes of the steps that ran and failed.
func failed(r evidence.Report) []string {
	var codes []string
	for _, s := range r.Steps {
		if s.Ran && !s.OK {
			codes = append(codes, s.Code)
		}
	}
	return codes
}

func TestVerify(t *testing.T) {
	s := newScene(t)
	data := marshal(t, s.file(t))
	r, err := evidence.Verify(data, s.roots, evidence.Options{Channel: "yilian", Domain: "yilian.example"})
	if err != nil || !r.OK {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Index != 300 || r.Size != 400 || r.Origin != origin || r.Statement.Org != "donghu" || r.Statement.ID != "a1b2" ||
		!slices.Equal(r.Members, []string{"anhe", "donghu", "qingshan", "weijian"}) || !r.Witnessed.Equal(s.state.Time) {
		t.Errorf("report %+v", r)
	}
	var codes []string
	for _, step := range r.Steps {
		codes = append(codes, step.Code)
		if step.Words("zh-CN") == "" || step.Words("en") == "" || strings.Contains(step.Words("zh")+step.Words("en"), "%!") {
			t.Errorf("words of %s: %q, %q", step.Code, step.Words("zh"), step.Words("en"))
		}
	}
	want := []string{
		evidence.StepContent,
		evidence.StepCommitment,
		evidence.StepCheckpoint,
		evidence.StepInclusion,
		evidence.StepEndorsements,
		evidence.StepWitness,
		evidence.StepTime,
	}
	if !slices.Equal(codes, want) {
		t.Errorf("steps %v, want %v", codes, want)
	}
	if r, err := evidence.Verify(data, s.roots, evidence.Options{}); err != nil || r.OK {
		t.Errorf("without the consortium's domain nobody can tell whose log it is: %+v, %v", r, err)
	}
}

// Each part of a file, changed alone, fails in the step that is about it.
func TestVerifyFindsChanges(t *testing.T) {
	s := newScene(t)
	good := s.file(t)
	otherNote := func() []byte {
		c := tlog.Checkpoint{Origin: origin, Size: 400, Root: tlog.EmptyRoot()}
		note, err := tlog.SignCheckpoint(c, s.signer)
		if err != nil {
			t.Fatal(err)
		}
		return note
	}()
	_, otherKey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(f *evidence.File)
		want   string
	}{
		"content":    {func(f *evidence.File) { f.Content = append([]byte(" "), f.Content...) }, evidence.StepContent},
		"no content": {func(f *evidence.File) { f.Content = nil }, evidence.StepContent},
		"salt":       {func(f *evidence.File) { f.Salt = make([]byte, 32) }, evidence.StepCommitment},
		"statement's id": {
			func(f *evidence.File) { f.Statement = strings.Replace(f.Statement, "a1b2", "a1b3", 1) }, evidence.StepCommitment,
		},
		"statement's member": {func(f *evidence.File) {
			f.Statement = strings.Replace(f.Statement, "donghu", "qingshan", 1)
		}, evidence.StepCommitment},
		"leaf": {func(f *evidence.File) { f.Leaf = string(anchortest.Leaf(300)) }, evidence.StepCommitment},
		"leaf's hour": {
			func(f *evidence.File) { f.Leaf = strings.Replace(f.Leaf, "T20:", "T19:", 1) }, evidence.StepCommitment,
		},
		"no leaf": {func(f *evidence.File) { f.Leaf = "" }, evidence.StepCommitment},
		"index": {
			func(f *evidence.File) { f.Proof = strings.Replace(f.Proof, "index 300", "index 301", 1) }, evidence.StepInclusion,
		},
		"hash": {func(f *evidence.File) {
			p, _ := tlog.ParseProof([]byte(f.Proof))
			p.Hashes[3][0] ^= 1
			f.Proof = string(p.Format())
		}, evidence.StepInclusion},
		"checkpoint of another tree": {func(f *evidence.File) {
			p, _ := tlog.ParseProof([]byte(f.Proof))
			p.Checkpoint = otherNote
			f.Proof = string(p.Format())
		}, evidence.StepInclusion},
		"checkpoint's size": {
			func(f *evidence.File) { f.Proof = strings.Replace(f.Proof, "\n400\n", "\n401\n", 1) }, evidence.StepCheckpoint,
		},
		"no proof":       {func(f *evidence.File) { f.Proof = "" }, evidence.StepCheckpoint},
		"key":            {func(f *evidence.File) { f.Key = otherKey }, evidence.StepCheckpoint},
		"no attestation": {func(f *evidence.File) { f.Attestation = evidence.Attestation{} }, evidence.StepEndorsements},
		"cut attestation": {func(f *evidence.File) {
			f.Attestation.Signed = f.Attestation.Signed[:len(f.Attestation.Signed)-1]
		}, evidence.StepEndorsements},
		"extra data in the proof": {func(f *evidence.File) {
			p, _ := tlog.ParseProof([]byte(f.Proof))
			p.Extra = []byte("x")
			f.Proof = string(p.Format())
		}, evidence.StepCheckpoint},
		"no neighbours":   {func(f *evidence.File) { f.Neighbours = nil }, evidence.StepTime},
		"one less":        {func(f *evidence.File) { f.Neighbours = f.Neighbours[1:] }, evidence.StepTime},
		"another instead": {func(f *evidence.File) { f.Neighbours[3] = f.Neighbours[2] }, evidence.StepTime},
		"neighbour's leaf": {func(f *evidence.File) {
			f.Neighbours[3].Leaf = string(anchortest.Leaf(5000))
		}, evidence.StepTime},
		"neighbour's short hash": {func(f *evidence.File) {
			f.Neighbours[3].Hashes = [][]byte{{1}}
		}, evidence.StepTime},
	} {
		f := good
		f.Salt, f.Content, f.Neighbours = bytes.Clone(f.Salt), bytes.Clone(f.Content), slices.Clone(f.Neighbours)
		tc.change(&f)
		r, err := evidence.Verify(marshal(t, f), s.roots, options())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.OK || !slices.Contains(failed(r), tc.want) {
			t.Errorf("%s: failed steps %v, want %s", name, failed(r), tc.want)
		}
		if len(r.Steps) != 7 {
			t.Errorf("%s: %d steps", name, len(r.Steps))
		}
	}
}

// What a dishonest member could hand out as an attestation.
func TestVerifyRefusesAttestations(t *testing.T) {
	s := newScene(t)
	good := s.file(t)
	peers := func(cas ...*stubtest.CA) []*stubtest.Identity {
		var out []*stubtest.Identity
		for _, ca := range cas {
			id, err := ca.Issue("peer0", "peer", nil)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, id)
		}
		return out
	}
	user, err := s.cas[2].Issue("user", "client", nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := stubtest.NewCA("anhe") // names itself as a member, with a root of its own
	if err != nil {
		t.Fatal(err)
	}
	all := peers(s.cas...)
	read := func(change func(*ledger.LogState), endorsers ...*stubtest.Identity) evidence.Attestation {
		state := s.state
		change(&state)
		answer, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := stubtest.SignRead(state, answer, endorsers...)
		if err != nil {
			t.Fatal(err)
		}
		return attestation(t, raw)
	}
	same := func(*ledger.LogState) {}
	later := s.state.Time.AddDate(200, 0, 0)
	for name, tc := range map[string]struct {
		raw  evidence.Attestation
		want string
		opts evidence.Options
	}{
		"two members": {read(same, all[:2]...), evidence.StepEndorsements, options()},
		"one member three times": {
			read(same, append(peers(s.cas[0], s.cas[0]), all[:2]...)...), evidence.StepEndorsements, options(),
		},
		"a user as a peer": {read(same, all[0], all[1], user), evidence.StepEndorsements, options()},
		"another root": {
			read(same, append(peers(stranger), all[:2]...)...), evidence.StepEndorsements, options(),
		},
		"nobody": {read(same), evidence.StepEndorsements, options()},
		"three of four needed": {
			read(same, all[:3]...), evidence.StepEndorsements, evidence.Options{Quorum: 4, Domain: "yilian.example"},
		},
		"expired certificates": {
			read(func(s *ledger.LogState) { s.Attested = &later }, all...), evidence.StepEndorsements, options(),
		},
		"never committed": {
			read(func(s *ledger.LogState) { s.Attested = nil }, all...), evidence.StepEndorsements, options(),
		},
		"another type": {
			read(func(s *ledger.LogState) { s.Type = "yilian/consent/v1" }, all...), evidence.StepEndorsements, options(),
		},
		"another chaincode": {
			read(same, all...), evidence.StepWitness, evidence.Options{Chaincode: "other", Domain: "yilian.example"},
		},
		"another ledger": {
			read(same, all...), evidence.StepWitness, evidence.Options{Channel: "other", Domain: "yilian.example"},
		},
		"a log of the member's making": {
			read(func(s *ledger.LogState) { s.Origin, s.MSP = "x.donghu.yilian.example/log", "x" }, all...),
			evidence.StepWitness,
			options(),
		},
		"another log": {
			read(func(s *ledger.LogState) { s.Origin = "qingshan.yilian.example/log" }, all...), evidence.StepWitness, options(),
		},
		"another member": {
			read(func(s *ledger.LogState) { s.MSP = "qingshan" }, all...), evidence.StepWitness, options(),
		},
		"another key":  {read(func(s *ledger.LogState) { s.Key += "x" }, all...), evidence.StepWitness, options()},
		"another size": {read(func(s *ledger.LogState) { s.Size-- }, all...), evidence.StepWitness, options()},
		"another root hash": {
			read(func(s *ledger.LogState) { s.Root = make([]byte, 32) }, all...), evidence.StepWitness, options(),
		},
		"before it was recorded": {
			read(func(s *ledger.LogState) { s.Time = s.Time.Add(-time.Hour) }, all...), evidence.StepTime, options(),
		},
		"attested in the past": {
			read(func(s *ledger.LogState) { past := s.Time.Add(-time.Second); s.Attested = &past }, all...),
			evidence.StepWitness,
			options(),
		},
		"another note": {read(func(s *ledger.LogState) { s.Note = []byte("x") }, all...), evidence.StepWitness, options()},
	} {
		f := good
		f.Attestation = tc.raw
		r, err := evidence.Verify(marshal(t, f), s.roots, tc.opts)
		if err != nil || r.OK || !slices.Equal(failed(r), []string{tc.want}) {
			t.Errorf("%s: failed steps %v, %v, want %s", name, failed(r), err, tc.want)
		}
	}
	f := good
	f.Attestation = read(same, all[:3]...)
	if r, err := evidence.Verify(marshal(t, f), s.roots, options()); err != nil || !r.OK {
		t.Errorf("three members: %+v, %v", r, err)
	}
	delete(s.roots, "weijian")
	f.Attestation = read(same, all...)
	if r, err := evidence.Verify(marshal(t, f), s.roots, options()); err != nil ||
		!slices.Equal(failed(r), []string{evidence.StepEndorsements}) {
		t.Errorf("an endorsement that cannot be verified spoils the file: %+v, %v", r, err)
	}
}

// Whatever is done to a file's bytes, it proves nothing any more: ten thousand files of one to three changed bytes
// each.
func TestVerifyFindsEveryChangedByte(t *testing.T) {
	s := newScene(t)
	data := marshal(t, s.file(t))
	random := mathrand.New(mathrand.NewPCG(5, 2026))
	parsed := 0
	for i := range 10_000 {
		bad := bytes.Clone(data)
		for range 1 + i%3 {
			bad[random.IntN(len(bad))] ^= byte(1 + random.IntN(255))
		}
		if bytes.Equal(bad, data) {
			continue // a byte changed and changed back
		}
		r, err := evidence.Verify(bad, s.roots, options())
		if err == nil {
			parsed++
		}
		if err == nil && r.OK {
			t.Fatalf("change %d was not found", i)
		}
	}
	if parsed < 100 {
		t.Errorf("only %d changed files got as far as the steps: the test shows little", parsed)
	}
}

func TestParseRefuses(t *testing.T) {
	s := newScene(t)
	good := string(marshal(t, s.file(t)))
	for name, text := range map[string]string{
		"empty":                       "",
		"not JSON":                    good[1:],
		"an array":                    "[]",
		"another type":                strings.Replace(good, evidence.Type, "other", 1),
		"a later format":              strings.Replace(good, `"version": 2,`, `"version": 3,`, 1),
		"first version":               strings.Replace(good, `"version": 2,`, `"version": 1,`, 1),
		"unknown member":              strings.Replace(good, "{", `{"extra":1,`, 1),
		"more after it":               good + "{}",
		"key twice":                   strings.Replace(good, `"content":`, `"content": "e30=",`+"\n"+`  "content":`, 1),
		"other letters":               strings.Replace(good, `"content":`, `"CONTENT":`, 1),
		"both":                        strings.Replace(good, `"content":`, `"Content": "e30=",`+"\n"+`  "content":`, 1),
		"inner key":                   strings.Replace(good, `"endorser":`, `"Endorser":`, 1),
		"inner twice":                 strings.Replace(good, `"signed":`, `"signed": "AA==",`+"\n"+`    "signed":`, 1),
		"escaped":                     strings.Replace(good, `"type": "y`, `"type": "\u0079`, 1),
		"statement's key twice":       strings.Replace(good, `{\"id\":\"a1b2\"`, `{\"id\":\"a1b3\",\"id\":\"a1b2\"`, 1),
		"statement's key in capitals": strings.Replace(good, `\"id\":`, `\"ID\":`, 1),
		"statement's unknown key":     strings.Replace(good, `{\"id\":`, `{\"a\":1,\"id\":`, 1),
		"statement with a space":      strings.Replace(good, `{\"id\":`, `{ \"id\":`, 1),
		"no line feed":                good[:len(good)-1],
		"a space":                     strings.Replace(good, `"type": `, `"type":  `, 1),
		"short salt":                  strings.Replace(good, `"salt": "AQ`, `"salt": "`, 1),
		"no statement":                `{"type":"yilian/evidence","version":2,"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`,
	} {
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := evidence.Verify([]byte(text), s.roots, options()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}

// logPort returns a scene's log to a Builder.
type logPort struct {
	*scene
}

func (p logPort) Place(_ context.Context, entry string) (int64, bool, error) {
	return p.index, entry == p.version.Entry, nil
}

func (p logPort) Tiles(_ context.Context, tiles []tlog.Tile) ([][]byte, error) { return p.tiles(tiles) }

type ledgerPort struct {
	t testing.TB
	*scene
	asked int
}

func (p *ledgerPort) Attest(_ context.Context, asked string) ([]byte, error) {
	p.asked++
	if asked != origin {
		return nil, errors.New("another log")
	}
	return stubtest.FakeAttestation(p.t, p.state, p.cas...), nil
}

func TestBuilder(t *testing.T) {
	s := newScene(t)
	now := time.Now()
	ledger := &ledgerPort{t: t, scene: s}
	b := &evidence.Builder{Log: logPort{scene: s}, Ledger: ledger, Origin: origin, Now: func() time.Time { return now }}
	for range 2 {
		data, err := b.Build(t.Context(), s.version)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := evidence.Verify(data, s.roots, options()); err != nil || !r.OK {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if ledger.asked != 1 {
		t.Errorf("the members were asked %d times for two files", ledger.asked)
	}
	now = now.Add(time.Hour)
	if _, err := b.Build(t.Context(), s.version); err != nil || ledger.asked != 2 {
		t.Errorf("an hour later: %v, asked %d times", err, ledger.asked)
	}

	pending := s.version
	pending.Entry = "another"
	if _, err := b.Build(t.Context(), pending); fault.Of(err).Code != "NOT_WITNESSED" {
		t.Errorf("pending entry: %v", err)
	}
	altered := s.version
	altered.Content = []byte("{}")
	if _, err := b.Build(t.Context(), altered); fault.Of(err).Code != "RECORD_ALTERED" {
		t.Errorf("altered record: %v", err)
	}
}

func TestBuilderBeforeWitness(t *testing.T) {
	s := newScene(t)
	s.grow(t, 200) // the ledger is behind the entry
	s.sign(t, 200)
	b := &evidence.Builder{Log: logPort{scene: s}, Ledger: &ledgerPort{t: t, scene: s}, Origin: origin, Now: time.Now}
	if _, err := b.Build(t.Context(), s.version); fault.Of(err).Code != "NOT_WITNESSED" {
		t.Errorf("entry beyond the witnessed size: %v", err)
	}
}

func TestParseRoots(t *testing.T) {
	one, err := stubtest.NewCA("one")
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]map[string][]byte{
		"no certificate": {"one": []byte("x")},
		"shared root":    {"one": one.PEM(), "two": one.PEM()},
	} {
		if _, err := evidence.ParseRoots(files); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := newScene(f)
	file := s.file(f)
	signed := file.Attestation.Signed
	f.Add(file.Statement, file.Content, file.Salt, file.Leaf, file.Proof, file.Key, signed)
	f.Fuzz(func(t *testing.T, statement string, content, salt []byte, leaf, proof, key string, signed []byte) {
		data, err := evidence.File{
			Type:        evidence.Type,
			Version:     evidence.Version,
			Statement:   statement,
			Content:     content,
			Salt:        salt,
			Leaf:        leaf,
			Proof:       proof,
			Key:         key,
			Neighbours:  file.Neighbours,
			Attestation: evidence.Attestation{Signed: signed, Endorsements: file.Attestation.Endorsements},
		}.Bytes()
		if err != nil {
			return
		}
		r, err := evidence.Verify(data, s.roots, options())
		if err == nil && r.OK && !bytes.Equal(content, file.Content) {
			t.Fatalf("proves other content: %q", content)
		}
	})
}

func FuzzParse(f *testing.F) {
	s := newScene(f)
	f.Add(marshal(f, s.file(f)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := evidence.Verify(data, s.roots, options()); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	s := newScene(b)
	data := marshal(b, s.file(b))
	for b.Loop() {
		if r, err := evidence.Verify(data, s.roots, options()); err != nil || !r.OK {
			b.Fatal(err)
		}
	}
}
