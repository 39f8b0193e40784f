package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ask has a process stand still at a place of the engine when it comes there next. What is not done there goes on.
func ask(p *process, place string) error {
	if err := errors.Join(os.MkdirAll(p.hold, 0o700), os.WriteFile(filepath.Join(p.hold, place), nil, 0o600)); err != nil {
		return fmt.Errorf("hold the engine: %w", err)
	}
	return nil
}

// holdAt is ask, and waits until the process stands there. It reports whether it came.
func (t *trial) holdAt(ctx context.Context, p *process, place string) (bool, error) {
	if err := ask(p, place); err != nil {
		return false, err
	}
	return t.held(ctx, p, place)
}

// held waits until a process stands where it was asked to, and reports whether it came.
func (t *trial) held(ctx context.Context, p *process, place string) (bool, error) {
	for began := time.Now(); ; {
		_, err := os.Stat(heldAt(p, place))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("hold the engine: %w", err)
		}
		if !p.alive() || time.Since(began) > t.recoveryLimit() {
			t.fail(gateUnreached, "the engine did not come to %s in %s; its last words: %s", place, time.Since(began).Round(time.Millisecond), lastWordsOf(p))
			_ = os.Remove(filepath.Join(p.hold, place)) // or it has come just now
			return false, letGo(p, place)
		}
		if err := pause(ctx, pollEvery); err != nil {
			return false, err
		}
	}
}

func heldAt(p *process, place string) string { return filepath.Join(p.hold, place+".held") }

// letGo has a process go on that stands still at a place, if it does.
func letGo(p *process, place string) error {
	if err := os.Remove(heldAt(p, place)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("let the engine go on: %w", err)
	}
	return nil
}
