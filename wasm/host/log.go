package host

import (
	"bytes"
	"context"
	"log/slog"
	"strings"

	"github.com/onstream/onstream/wasm/abi"
)

// maxLine is how many bytes of a line are told.
const maxLine = 4 << 10

func clip(text []byte) []byte { return text[:min(len(text), maxLine)] }

func level(v uint64) slog.Level {
	switch uint32(v) {
	case abi.LevelDebug:
		return slog.LevelDebug
	case abi.LevelInfo:
		return slog.LevelInfo
	case abi.LevelWarn:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// guestLog is what a guest says, so many lines in a second.
type guestLog struct {
	logger  *slog.Logger
	limit   int
	second  int64
	lines   int
	left    int    // out, of that second
	partial []byte // of a line that the guest has begun to write
}

// line logs a line; now is in µs.
func (l *guestLog) line(now int64, level slog.Level, text []byte) {
	if second := now / 1e6; second != l.second {
		if l.left > 0 {
			l.logger.Warn("lines of the module were left out: it may log fewer of them in a second", "lines", l.left, "limit", l.limit)
		}
		l.second, l.lines, l.left = second, 0, 0
	}
	if l.lines++; l.lines > l.limit {
		l.left++
		return
	}
	if ctx := context.Background(); l.logger.Enabled(ctx, level) {
		l.logger.Log(ctx, level, strings.ToValidUTF8(string(clip(text)), "\uFFFD"))
	}
}

// write logs the lines that are complete.
func (l *guestLog) write(now int64, level slog.Level, text []byte) {
	for {
		line, rest, ok := bytes.Cut(text, []byte{'\n'})
		if room := maxLine - len(l.partial); len(line) > room {
			line = line[:room]
		}
		l.partial = append(l.partial, line...)
		if !ok {
			return
		}
		l.line(now, level, l.partial)
		l.partial, text = l.partial[:0], rest
	}
}
