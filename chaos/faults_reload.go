package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// reload changes the files of the running pipeline: a stage more, then an
// error, then neither.
func reload(ctx context.Context, t *trial) error {
	if err := t.underLoad(ctx); err != nil {
		return err
	}
	extra := filepath.Join(t.path("pipeline"), "extra.hcl")
	for _, text := range []string{
		fmt.Sprintf("transform \"filter\" \"extra\" {\n  from  = transform.reading\n  where = event.value > %d\n}\nsink \"discard\" \"extra\" {\n  from = transform.extra\n}\n", t.rng.IntN(1000)),
		"transform \"filter\" {",
		"",
	} {
		if err := replace(extra, text); err != nil {
			return err
		}
		if err := t.proc.signal(syscall.SIGHUP); err != nil {
			return err
		}
		if err := pause(ctx, t.random(100*time.Millisecond)); err != nil {
			return err
		}
	}
	if t.chance(0.3) {
		return t.crash()
	}
	return t.lives(ctx)
}

// replace writes a file in one step: it is never there in part.
func replace(path, text string) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return fmt.Errorf("change the pipeline: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("change the pipeline: %w", err)
	}
	return nil
}
