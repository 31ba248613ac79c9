package journey

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// With does work on the consortium that runs in the state directory, or, where state is empty, on a private one that it
// starts and removes. When the work fails, the private one's state is kept for its logs, and their place is printed.
func With(ctx context.Context, state string, work func(context.Context, *Consortium) error) (err error) {
	root, err := Root()
	if err != nil {
		return err
	}
	if state != "" {
		c, err := OpenState(root, state)
		if err != nil {
			return err
		}
		return work(ctx, c)
	}
	dir, err := privateState(root)
	if err != nil {
		return err
	}
	private := &Private{Root: root, State: dir, Output: os.Stderr}
	c, err := private.Up(ctx)
	if err != nil {
		return err
	}
	defer func() {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if downErr := private.Down(down); downErr != nil && err == nil {
			err = downErr
		}
		if err == nil {
			err = os.RemoveAll(dir)
		} else {
			fmt.Fprintln(os.Stderr, "logs are kept in", filepath.Join(dir, "log"))
		}
	}()
	return work(ctx, c)
}

// privateState makes a state directory that another user, the database's, may pass.
func privateState(root string) (string, error) {
	parent := filepath.Join(root, ".yilian")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("make state directory: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "private-")
	if err != nil {
		return "", fmt.Errorf("make state directory: %w", err)
	}
	return dir, os.Chmod(dir, 0o755)
}
