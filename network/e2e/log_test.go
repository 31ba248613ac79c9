package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/tlog"
	"yilian.example/scripts/journey"
)

// TestForeignCheckerAcceptsPublicLogs lets Tessera's checker, which shares no code with ours, recompute every member's
// log from what it serves to strangers.
func TestForeignCheckerAcceptsPublicLogs(t *testing.T) {
	fill(t)
	for _, org := range under.Orgs() {
		t.Run(string(org), func(t *testing.T) {
			ctx := within(t, time.Minute)
			fetcher, verifier := publicLog(t, ctx, org)
			if err := check(ctx, fetcher, verifier); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestForeignCheckerRefusesTamperedLog changes one byte of one entry, or of one tile, on the way, and wants it seen.
func TestForeignCheckerRefusesTamperedLog(t *testing.T) {
	fill(t)
	for name, level := range map[string]int{"entry": tlog.EntriesLevel, "tile": 0} {
		t.Run(name, func(t *testing.T) {
			ctx := within(t, time.Minute)
			fetcher, verifier := publicLog(t, ctx, donghu)
			err := check(ctx, &tampering{Fetcher: fetcher, level: level}, verifier)
			if err == nil {
				t.Fatal("a changed byte was not seen")
			}
			if errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("the checker did not come to an end: %v", err)
			}
		})
	}
}

// TestAuditOverHTTP recomputes every log with our own code, in two goes: the second from the checkpoint that the first
// left.
func TestAuditOverHTTP(t *testing.T) {
	fill(t)
	ctx := within(t, time.Minute)
	log := ownLog(t, ctx, donghu)
	seen := 0
	first, err := log.Audit(ctx, tlog.Checkpoint{}, func(tlog.Leaf) { seen++ })
	if err != nil {
		t.Fatal(err)
	}
	if int64(seen) != first.Size || seen == 0 {
		t.Fatalf("saw %d leaves in a log of %d", seen, first.Size)
	}
	fill(t)
	second, err := log.Audit(ctx, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if second.Size <= first.Size {
		t.Fatalf("log did not grow from %d", first.Size)
	}
}

// TestMembersAttestEveryPublicLog fetches what the members sign about each log from where a stranger gets it, and
// compares it with the log.
func TestMembersAttestEveryPublicLog(t *testing.T) {
	fill(t)
	for _, org := range under.Orgs() {
		t.Run(string(org), func(t *testing.T) {
			ctx := within(t, time.Minute)
			log := ownLog(t, ctx, org)
			served := fetch(t, ctx, log.Base+"/attestation")
			attested, err := evidence.VerifyAttestation(served, ledgerRoots(t), evidence.Options{
				Domain: under.Members[donghu].Config.Domain,
			})
			if err != nil {
				t.Fatal(err)
			}
			c, err := log.Audit(ctx, tlog.Checkpoint{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if attested.Org != string(org) || attested.Key != log.Key || attested.Checkpoint.Origin != c.Origin ||
				len(attested.Members) < 3 || time.Since(*attested.State.Attested) > time.Minute {
				t.Errorf("attested %+v of a log %+v", attested, c)
			}
		})
	}
}

func fetch(t *testing.T, ctx context.Context, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, res.Status, err)
	}
	return data
}

func ownLog(t *testing.T, ctx context.Context, org consortium.OrgID) *journey.PublicLog {
	t.Helper()
	m, err := under.Member(org)
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.PublicLog(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func publicLog(t *testing.T, ctx context.Context, org consortium.OrgID) (fsck.Fetcher, note.Verifier) {
	t.Helper()
	l := ownLog(t, ctx, org)
	verifier, err := note.NewVerifier(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := url.Parse(l.Base + "/")
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return fetcher, verifier
}

// check runs Tessera's checker with more than one worker and a deadline: with one it hangs on a tampered log.
func check(ctx context.Context, fetcher fsck.Fetcher, verifier note.Verifier) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- fsck.New(verifier.Name(), verifier, fetcher, hashBundle, fsck.Opts{N: 2}).Check(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hashBundle reads an entry bundle with no code of ours: C2SP tlog-tiles, "a sequence of big-endian uint16
// length-prefixed log entries".
func hashBundle(data []byte) ([][]byte, error) {
	var hashes [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(data[0])<<8+int(data[1]) {
			return nil, errors.New("bundle is cut short")
		}
		n := int(data[0])<<8 + int(data[1])
		hashes = append(hashes, rfc6962Leaf(data[2:2+n]))
		data = data[2+n:]
	}
	return hashes, nil
}

// tampering passes all on but one byte.
type tampering struct {
	fsck.Fetcher
	level int
}

func (f *tampering) ReadEntryBundle(ctx context.Context, i uint64, p uint8) ([]byte, error) {
	data, err := f.Fetcher.ReadEntryBundle(ctx, i, p)
	if err == nil && f.level == tlog.EntriesLevel && i == 0 {
		data = flip(data)
	}
	return data, err
}

func (f *tampering) ReadTile(ctx context.Context, l, i uint64, p uint8) ([]byte, error) {
	data, err := f.Fetcher.ReadTile(ctx, l, i, p)
	if err == nil && f.level == int(l) && i == 0 {
		data = flip(data)
	}
	return data, err
}

func flip(data []byte) []byte {
	data = bytes.Clone(data)
	if len(data) > 20 {
		data[20] ^= 1
	}
	return data
}
