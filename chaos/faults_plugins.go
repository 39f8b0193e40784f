package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// buildHarness builds the plugin of a run.
func buildHarness(ctx context.Context, t *trial) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", t.path("harness"), "github.com/onstream/onstream/chaos/guests/harness")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the plugin: %w\n%s", err, said)
	}
	return nil
}

// killPluginOrEngine kills the process of the plugin or, now and then, the engine, whose plugin must end with it.
func killPluginOrEngine(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	orphans, err := childrenOf(t.proc.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if t.chance(0.3) {
		if err := t.crash(); err != nil {
			return err
		}
		return t.gone(ctx, orphans)
	}
	for _, pid := range orphans {
		if err := signalProcess(pid, signalKill); err != nil {
			return err
		}
		t.kills++
	}
	return t.lives(ctx)
}

// gone waits until processes have ended.
func (t *trial) gone(ctx context.Context, pids []int) error {
	for since := time.Now(); ; {
		var left []int
		for _, pid := range pids {
			if signalProcess(pid, 0) == nil && !isZombie(pid) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Since(since) > t.limit {
			t.fail(gateEnd, "the engine was killed, and processes of its plugins live on: %v", left)
			return nil
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// freezePlugin has the process of the plugin stand still for longer than it may.
func freezePlugin(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	pids, err := childrenOf(t.proc.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if len(pids) == 0 {
		return errors.New("the engine has no plugin that could stand still")
	}
	for _, pid := range pids {
		if err := signalProcess(pid, signalStop); err != nil {
			return err
		}
		t.kills++ // the engine kills it: what it was writing comes again
	}
	return t.lives(ctx)
}
