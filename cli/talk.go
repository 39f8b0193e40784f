package cli

import (
	"io"
	"log/slog"
	"sync"
)

// talk is what is written to people while a pipeline runs: lines, and on a
// terminal a bar of progress below them.
type talk struct {
	mu  sync.Mutex
	w   io.Writer
	bar interface{ Clear() error } // nil while there is none
}

func newTalk(w io.Writer) *talk { return &talk{w: w} }

// Write writes whole lines, in the place of the bar; it is drawn again below.
func (t *talk) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		// What can fail is the write to the terminal, which the next one tells.
		_ = t.bar.Clear()
	}
	return t.w.Write(p)
}

// endBar takes the bar away for good.
func (t *talk) endBar() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		_ = t.bar.Clear()
		t.bar = nil
	}
}

func newLogger(w io.Writer, format, level string) *slog.Logger {
	o := &slog.HandlerOptions{}
	switch level {
	case "debug":
		o.Level = slog.LevelDebug
	case "warn":
		o.Level = slog.LevelWarn
	case "error":
		o.Level = slog.LevelError
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
