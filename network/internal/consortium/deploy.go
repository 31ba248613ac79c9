package consortium

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"yilian.example/network/internal/fabric"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// ladder takes administrative steps one by one. Each is safe to repeat; after an error it is tried again with a fresh
// administrator, since fabric-sdk-go keeps what it learned of channel and members too early.
type ladder struct {
	c     *Consortium
	admin *fabric.Admin // nil until needed, and after an error
	opens int           // how many there have been
}

func (l *ladder) close() {
	if l.admin != nil {
		l.admin.Close()
		l.admin = nil
	}
}

func (l *ladder) step(ctx context.Context, do func(context.Context, *fabric.Admin) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	var faults []error
	for n := range attempts {
		err := l.once(ctx, do)
		if err == nil {
			return nil
		}
		faults = append(faults, err)
		l.c.Logger.WarnContext(ctx, "administer channel", "attempt", n+1, "error", err)
		l.close()
		select {
		case <-ctx.Done():
			return errors.Join(append(faults, ctx.Err())...)
		case <-time.After(time.Duration(n+1) * 200 * time.Millisecond):
		}
	}
	return faults[len(faults)-1]
}

func (l *ladder) once(ctx context.Context, do func(context.Context, *fabric.Admin) error) error {
	if l.admin == nil {
		admin, err := fabric.OpenAdmin(l.c.State, l.c.Topology, l.opens)
		if err != nil {
			return err
		}
		l.admin, l.opens = admin, l.opens+1
	}
	return do(ctx, l.admin)
}

func join(ctx context.Context, admin *fabric.Admin, m topology.Member) error {
	joined, err := admin.PeerJoined(ctx, m)
	if err != nil || joined {
		return err
	}
	return admin.JoinPeer(ctx, m)
}

// deploy installs, approves and commits what is not yet installed, approved and committed.
func (c *Consortium) deploy(ctx context.Context, admin *fabric.Admin, p fabric.Package) error {
	if c.deployed(ctx, admin) {
		return nil
	}
	err := c.each(ctx, func(ctx context.Context, m topology.Member) error { return admin.Install(ctx, m, p) })
	if err != nil {
		return err
	}
	err = c.each(ctx, func(ctx context.Context, m topology.Member) error {
		if admin.Approved(ctx, m) {
			return nil
		}
		return admin.Approve(ctx, m, p)
	})
	if err != nil {
		return err
	}
	if !admin.Committed(ctx, c.Topology.Members[0]) {
		err = admin.Commit(ctx)
		if err != nil {
			return err
		}
	}
	if !c.deployed(ctx, admin) {
		return errors.New("deploy chaincode: not every peer has it yet")
	}
	return nil
}

func (c *Consortium) deployed(ctx context.Context, admin *fabric.Admin) bool {
	for _, m := range c.Topology.Members {
		if !admin.Committed(ctx, m) {
			return false
		}
	}
	return true
}

func (c *Consortium) each(ctx context.Context, do func(context.Context, topology.Member) error) error {
	group, scope := errgroup.WithContext(ctx)
	for _, m := range c.Topology.Members {
		group.Go(func() error { return do(scope, m) })
	}
	return group.Wait()
}

// awaitPeers waits until every peer reaches its chaincode and knows all others with it: from then on any gateway can
// submit.
func (c *Consortium) awaitPeers(ctx context.Context, l *ladder) error {
	for _, m := range c.Topology.Members {
		err := l.step(ctx, func(ctx context.Context, admin *fabric.Admin) error { return admin.Answers(ctx, m) })
		if err != nil {
			return err
		}
	}
	waiting, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	for _, m := range c.Topology.Members {
		err := supervisor.Wait(waiting, 100*time.Millisecond, func(ctx context.Context) error {
			return l.once(ctx, func(ctx context.Context, admin *fabric.Admin) error {
				known, err := admin.Acquainted(ctx, m)
				if err == nil && known < len(c.Topology.Members) {
					err = fmt.Errorf("peer of %s knows %d peers of %d", m.ID, known, len(c.Topology.Members))
				}
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("wait for peers to meet: %w", err)
		}
	}
	return nil
}
