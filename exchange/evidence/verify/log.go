package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/tlog"
)

// freshness is how old the members' word about a log may be, and how far ahead of this machine's clock: an old word is
// true of an old log, from which anything that came later could have been cut.
const freshness = 15 * time.Minute

// checkpointTries is how often the newest checkpoint is asked for, since a log publishes one a moment after the ledger
// has it.
const checkpointTries = 4

// logAudit is one audit of one log.
type logAudit struct {
	*program
	remote   remoteLog
	key      string // given on the command line, or by the members, or by the log itself
	keyGiven bool
	attested *evidence.LogAttested // nil: the members were not asked
}

// log audits a whole log: it fetches everything, recomputes everything from the leaves, compares it with what the
// members attest, and tells what holds.
func (p *program) log(ctx context.Context, args []string) (int, error) {
	flags, expected := p.flags("verify log")
	key := flags.String("key", "", "")
	addresses, err := parse(flags, args)
	if err != nil {
		return 0, err
	}
	if len(addresses) != 1 {
		return 0, errUsage{errors.New("exactly one URL is needed")}
	}
	base, err := url.Parse(addresses[0])
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return 0, errUsage{errors.New("the log's address must be an http or https URL")}
	}
	a := &logAudit{
		program: p, key: *key, keyGiven: *key != "",
		remote: remoteLog{base: strings.TrimSuffix(addresses[0], "/"), client: &http.Client{Timeout: getTimeout}},
	}
	if expected.dir != "" {
		if err := expected.load(); err != nil {
			return 0, err
		}
		if ok, err := a.attest(ctx, expected); !ok || err != nil {
			return exitFailed, err
		}
	}
	if a.key == "" {
		fetched, err := a.remote.get(ctx, "key", maxSmall)
		if err != nil {
			return 0, err
		}
		a.key = strings.TrimSpace(string(fetched))
	}
	return a.run(ctx)
}

// attest asks the log's address for the members' word, and checks it. The address only carries it; it cannot change it.
func (a *logAudit) attest(ctx context.Context, expected *expectation) (bool, error) {
	data, err := a.remote.get(ctx, "attestation", maxAttestation)
	if err != nil {
		return false, err
	}
	l, err := evidence.VerifyAttestation(data, expected.roots, expected.opts)
	if err != nil {
		return false, err
	}
	age := a.now().Sub(*l.State.Attested)
	switch {
	case age.Abs() > freshness:
		a.say("[失败] 成员的证明作于 %s，与现在相差过久，之后的条目可能已被截去",
			"[FAILED] The members' attestation is of %s, too far from now: what came later may have been cut off",
			evidence.Stamp(*l.State.Attested))
		return false, nil
	case a.keyGiven && a.key != l.Key:
		a.say("[失败] 账本登记的公钥不是所给的公钥：%s",
			"[FAILED] The ledger has another key for the log than the one given: %s", l.Key)
		return false, nil
	}
	a.key, a.attested = l.Key, &l
	a.say("[通过] 成员 %s 证明：账本于 %s 见证了 %s 的日志 %s，共 %d 条",
		"[OK] Members %s attest: at %s the ledger witnessed the log of %s, %s, with %d entries",
		strings.Join(l.Members, ", "), evidence.Stamp(l.State.Time), l.Org, l.Checkpoint.Origin, l.Checkpoint.Size)
	return true, nil
}

// run audits the log and says what holds.
func (a *logAudit) run(ctx context.Context) (int, error) {
	checkpoint, err := a.checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	if checkpoint == nil {
		return exitFailed, nil
	}
	if ok, err := a.recompute(ctx, *checkpoint); !ok || err != nil {
		return exitFailed, err
	}
	if a.attested == nil {
		a.notShown(checkpoint.Origin)
		return exitNotShown, nil
	}
	if ok, err := a.extends(ctx, *checkpoint); !ok || err != nil {
		return exitFailed, err
	}
	return exitProven, nil
}

// checkpoint fetches and opens the log's checkpoint; nil when it does not hold.
func (a *logAudit) checkpoint(ctx context.Context) (*tlog.Checkpoint, error) {
	for try := 1; ; try++ {
		signed, err := a.remote.get(ctx, "checkpoint", maxSmall)
		if err != nil {
			return nil, err
		}
		c, err := tlog.OpenCheckpoint(signed, a.key)
		if err != nil {
			a.say("[失败] 检查点没有有效签名：%s", "[FAILED] The checkpoint is not validly signed: %s", err)
			return nil, nil
		}
		if a.attested == nil || c.Size >= a.attested.Checkpoint.Size {
			a.say("[通过] 日志 %s 的检查点签名有效，共 %d 条", "[OK] Log %s signed its checkpoint of %d entries", c.Origin, c.Size)
			return &c, nil
		}
		if try == checkpointTries {
			a.say("[失败] 日志只出示 %d 条，成员见证过 %d 条：后面的被截去了，或者数据库被恢复成了较旧的备份",
				"[FAILED] The log shows %d entries, the members witnessed %d: the end was cut off, or an older database restored",
				c.Size, a.attested.Checkpoint.Size)
			return nil, nil
		}
		select {
		case <-time.After(a.patience):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// recompute computes the tree from the entries and compares everything on the way.
func (a *logAudit) recompute(ctx context.Context, c tlog.Checkpoint) (bool, error) {
	kinds := map[string]int{}
	root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, c.Size, a.read(ctx), func(entry []byte) error {
		leaf, err := tlog.ParseLeaf(entry)
		kinds[leaf.Kind]++
		return err
	})
	var wrong *tlog.AuditError
	switch {
	case errors.As(err, &wrong):
		a.say("[失败] 第一处不符：%s", "[FAILED] First fault: %s", err)
		return false, nil
	case err != nil:
		return false, err
	case root != c.Root:
		a.say("[失败] 由全部条目算出的根为 %s，检查点签署的是 %s",
			"[FAILED] The entries have the root %s, the checkpoint says %s", root, c.Root)
		return false, nil
	}
	a.say("[通过] 每个条目、每块哈希均由条目重新算出且一致；根 %s",
		"[OK] Every entry and every tile was recomputed from the entries and agrees; root %s", root)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(a.out, "     %-10s %d\n", kind, kinds[kind])
	}
	return true, nil
}

// extends compares the log with what the members witnessed: the same entries, up to there.
func (a *logAudit) extends(ctx context.Context, c tlog.Checkpoint) (bool, error) {
	witnessed := a.attested.Checkpoint
	root, err := tlog.RootAt(c, witnessed.Size, a.read(ctx))
	if err != nil {
		return false, err
	}
	if c.Origin != witnessed.Origin || root != witnessed.Root {
		a.say("[失败] 前 %d 条与成员见证过的不同：这是另一本日志，或者被改写过",
			"[FAILED] The first %d entries are not those that the members witnessed: this is another log, or was rewritten",
			witnessed.Size)
		return false, nil
	}
	a.say("[通过] 前 %d 条正是成员见证过的；这就是 %s 的日志，没有被截短",
		"[OK] The first %d entries are those that the members witnessed: this is the log of %s, and nothing was cut off",
		witnessed.Size, a.attested.Org)
	return true, nil
}

// notShown says what was not checked.
func (a *logAudit) notShown(origin string) {
	if !a.keyGiven {
		a.say("[未查] 公钥取自日志本身：%s", "[--] The key was taken from the log itself: %s", a.key)
		a.say("[未查] 这是不是 %s 的日志：谁都可以用任何名字开一本日志",
			"[--] Whether this is the log of %s: anybody can make a log under any name", strings.SplitN(origin, ".", 2)[0])
	}
	a.say("[未查] 后面的条目有没有被截去", "[--] Whether entries were cut off its end")
	a.say("结论：自身一致，但没有证明这就是成员的日志。请加 --roots，核对各成员的见证。",
		"CONSISTENT, BUT NOT SHOWN TO BE THE MEMBER'S LOG. Give --roots to compare it with what the members witnessed.")
}

func (a *logAudit) read(ctx context.Context) tlog.ReadTiles {
	return func(tiles []tlog.Tile) ([][]byte, error) { return a.remote.tiles(ctx, tiles) }
}
