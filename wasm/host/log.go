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

// Log is what the guests of a stage say, one after the other: so many lines in a second. It is used by one goroutine at a time.
type Log struct {
	logger *slog.Logger
	limit  int
	second int64
	lines  int
	left   int // out, of that second
}

// NewLog returns a log that tells a logger up to limit lines in a second.
func NewLog(logger *slog.Logger, limit int) *Log { return &Log{logger: logger, limit: limit} }

// line logs a line; now is in µs.
func (l *Log) line(now int64, level slog.Level, text []byte) {
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

// lines logs what a guest writes, line by line.
func (i *Instance) lines(level slog.Level, text []byte) {
	for {
		line, rest, ok := bytes.Cut(text, []byte{'\n'})
		if room := maxLine - len(i.partial); len(line) > room {
			line = line[:room]
		}
		i.partial = append(i.partial, line...)
		if !ok {
			return
		}
		i.log.line(i.call.Now, level, i.partial)
		i.partial, text = i.partial[:0], rest
	}
}
