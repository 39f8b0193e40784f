package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path"
	"time"
)

// guestFiles are the sources of the module of the design wasm.
//
//go:embed guests/tally
var guestFiles embed.FS

// buildTally builds the module of a run, as its author would.
func buildTally(ctx context.Context, t *trial) error {
	const guest = "guests/tally"
	if err := os.Mkdir(t.path("tally"), 0o700); err != nil {
		return fmt.Errorf("build the module: %w", err)
	}
	files, err := guestFiles.ReadDir(guest)
	if err != nil {
		return fmt.Errorf("build the module: %w", err)
	}
	for _, f := range files {
		text, err := guestFiles.ReadFile(path.Join(guest, f.Name()))
		if err == nil {
			err = os.WriteFile(t.path("tally/"+f.Name()), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("build the module: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, t.binary, "module", "build", t.path("tally"), "-o", t.path("tally.wasm"))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the module: %w\n%s", err, said)
	}
	return nil
}

// goOn waits for a while in which records do harm. An engine that ends meanwhile is noticed by its supervisor.
func goOn(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	if err := pause(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	return t.lives(ctx)
}
