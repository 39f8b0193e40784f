package spool

import (
	"log/slog"
	"time"
)

const (
	defaultMaxBytes     = 1 << 30
	defaultSegmentBytes = 16 << 20
)

// Options are the bounds of a spool. The zero value is ready.
type Options struct {
	// MaxBytes is how much the spool may hold, in bytes on disk; 0 means
	// 1 GiB. Then its source is held up. A single batch that is larger is
	// taken when nothing else is there.
	MaxBytes int64
	// SegmentBytes is how large a file grows before the next one is begun; 0
	// means 16 MiB. It is never more than a quarter of MaxBytes, because what
	// is not needed any more is removed a whole file at a time.
	SegmentBytes int64
	// Logger takes what a crash has left and what is waited for; nil for
	// nobody.
	Logger *slog.Logger

	disk disk             // nil for the machine's; a seam for tests
	now  func() time.Time // nil for time.Now
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	o.SegmentBytes = min(o.SegmentBytes, max(1, o.MaxBytes/4))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.disk == nil {
		o.disk = machine{}
	}
	if o.now == nil {
		o.now = time.Now
	}
	return o
}
