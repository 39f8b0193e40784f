package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// session is one use of the command: several runs, and what they add up to.
type session struct {
	options
	dir            string
	limit          time.Duration // how long the engine may take to come back
	stdout, stderr io.Writer

	runs, failed, kills, accepted int
	skipped                       []string
	kept                          string // folder of a run that failed
	shown                         int    // length of the progress that stands on the terminal
}

// scenarios runs them and prints the summary.
func (h *session) scenarios(ctx context.Context, chosen []scenario) error {
	began := time.Now()
	for _, s := range chosen {
		if s.absent != nil {
			if why := s.absent(); why != "" {
				h.skipped = append(h.skipped, fmt.Sprintf("%s (%s)", s.fault, why))
				continue
			}
		}
		if _, err := h.trial(ctx, s, h.cyclesOf(s), h.stdout); err != nil {
			return err
		}
	}
	fmt.Fprintf(h.stdout, "%d runs in %s: %d kill -9, %d records accepted, %d runs failed\n",
		h.runs, time.Since(began).Round(time.Second), h.kills, h.accepted, h.failed)
	for _, s := range h.skipped {
		fmt.Fprintf(h.stdout, "skipped: %s\n", s)
	}
	if h.kept != "" {
		fmt.Fprintf(h.stderr, "kept: %s\n", h.kept)
	}
	if h.failed > 0 {
		return fmt.Errorf("%d of %d runs failed", h.failed, h.runs)
	}
	return nil
}

func (h *session) cyclesOf(s scenario) int {
	switch {
	case h.cycles > 0:
		return h.cycles
	case h.short && s.short > 0:
		return s.short
	}
	return s.cycles
}

// trial runs a scenario in a folder of its own, and prints its line.
func (h *session) trial(ctx context.Context, s scenario, cycles int, lines io.Writer, env ...string) (result, error) {
	dir := filepath.Join(h.dir, fmt.Sprintf("run-%d", h.runs))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return result{}, fmt.Errorf("make a directory for the run: %w", err)
	}
	u := setup{binary: h.binary, rate: h.rate, stall: h.stall, patience: h.patience, limit: h.limit, env: env, keep: h.keep, progress: h.progress}
	r, err := runTrial(ctx, s, u, h.seed, cycles, dir)
	h.progress("")
	if err != nil {
		return r, fmt.Errorf("%s, seed %d: %w", s.fault, h.seed, err)
	}
	h.runs++
	h.kills += r.kills
	h.accepted += r.accepted
	fmt.Fprintln(lines, r)
	if len(r.broken) > 0 {
		h.failed++
		if lines != io.Discard {
			fmt.Fprint(h.stderr, r.reasons())
		}
		if h.keep {
			h.kept = h.dir
			return r, nil
		}
	}
	return r, os.RemoveAll(dir)
}

// progress shows what is going on, in one line of a terminal.
func (h *session) progress(format string, args ...any) {
	f, ok := h.stderr.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(f, "\r%s%s\r", text, strings.Repeat(" ", max(0, h.shown-len(text))))
	h.shown = len(text)
}
