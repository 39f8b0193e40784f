package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// diskSize is the size of the file system that is filled, as mount takes it.
const diskSize = "48m"

// noMount says why this machine cannot have a file system of its own for the
// state.
func noMount() string {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return "mounting a small file system takes root on Linux"
	}
	dir, err := os.MkdirTemp("", "onstream-chaos-mount-")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(dir)
	if err := mountAt(context.Background(), dir); err != nil {
		return err.Error()
	}
	if err := unmountAt(dir); err != nil {
		return err.Error()
	}
	return ""
}

func mountState(ctx context.Context, t *trial) error {
	dir := t.path(stateFolder)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	return mountAt(ctx, dir)
}

func unmountState(t *trial) error { return unmountAt(t.path(stateFolder)) }

func mountAt(ctx context.Context, dir string) error {
	if said, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size="+diskSize, "onstream-chaos", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount a small file system: %w: %s", err, said)
	}
	return nil
}

func unmountAt(dir string) error {
	if said, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unmount %s: %w: %s", dir, err, said)
	}
	return nil
}

// fillDisk takes all room next to the state for a while.
func fillDisk(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	ballast := filepath.Join(t.path(stateFolder), "ballast")
	if err := fill(ballast); err != nil {
		return err
	}
	err := pause(ctx, 300*time.Millisecond+t.random(700*time.Millisecond))
	if err == nil && t.chance(0.5) {
		if err = t.crash(); err == nil {
			err = pause(ctx, t.random(300*time.Millisecond))
		}
	}
	if err := errors.Join(err, os.Remove(ballast)); err != nil {
		return err
	}
	return t.lives(ctx)
}

// fill writes a file until there is no room for more of it.
func fill(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// The last bytes, too: the engine's writes are small.
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 16
		} else if err != nil {
			return fmt.Errorf("fill the disk: %w", err)
		}
	}
	return nil
}

// fileLimit is how large the engine's files may get while it is limited. The
// log of its store and the segments of its spool are larger after a moment.
const fileLimit = "16384"

func noPrlimit() string {
	if _, err := exec.LookPath("prlimit"); err != nil {
		return "prlimit is not installed"
	}
	return ""
}

// limitFiles has the engine's writes fail behind a size for a while: a full
// disk for those who cannot mount one.
func limitFiles(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	limit := func(size string) error {
		pid := strconv.Itoa(t.proc.cmd.Process.Pid)
		said, err := exec.CommandContext(ctx, "prlimit", "--pid", pid, "--fsize="+size+":unlimited").CombinedOutput()
		if err != nil && t.proc.alive() {
			return fmt.Errorf("limit the size of files: %w: %s", err, said)
		}
		return nil
	}
	if err := limit(fileLimit); err != nil {
		return err
	}
	without := 300*time.Millisecond + t.random(700*time.Millisecond)
	t.unsaved += without
	if err := pause(ctx, without); err != nil {
		return err
	}
	if t.chance(0.3) {
		if err := t.crash(); err != nil {
			return err
		}
	} else if err := limit("unlimited"); err != nil {
		return err
	}
	return t.lives(ctx)
}
