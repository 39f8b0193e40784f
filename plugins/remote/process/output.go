package process

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxLine is how much of a line is looked at.
	maxLine = 64 << 10
	// maxShown is how much of it, and of each attribute, goes to the log.
	maxShown = 4 << 10
	// linesPerSecond are logged, and burst at once; the others are counted.
	linesPerSecond = 100
	burst          = 500
	// keptLines is how many of the last lines are told when the process ends.
	keptLines = 3
	keptLine  = 300
	maxAttrs  = 32
)

// output takes what a process says, from several streams, and logs it.
type output struct {
	logger *slog.Logger
	hide   *Redactor
	now    func() time.Time

	mu     sync.Mutex
	tokens float64
	filled time.Time
	missed int
	last   []string
	panics string // what the process died of, as the runtime of Go says it
}

func newOutput(logger *slog.Logger, hide *Redactor) *output {
	return &output{logger: logger, hide: hide, now: time.Now, tokens: burst, filled: time.Now()}
}

// said returns the last lines for a message, "" where there were none.
func (o *output) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := slices.Clone(o.last)
	if o.panics != "" && !slices.Contains(lines, o.panics) {
		lines = append([]string{o.panics}, lines...)
	}
	if len(lines) == 0 {
		return ""
	}
	return "; it said last: " + strings.Join(lines, " | ")
}

// close tells how many lines were left out since the last one that was logged.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tellMissed()
}

func (o *output) tellMissed() {
	if o.missed > 0 {
		o.logger.Warn(fmt.Sprintf("the plugin says too much: more than %d lines a second; some were left out", linesPerSecond), "lines", o.missed)
		o.missed = 0
	}
}

// admit reports whether one more line may be logged now.
func (o *output) admit() bool {
	now := o.now()
	o.tokens = min(burst, o.tokens+now.Sub(o.filled).Seconds()*linesPerSecond)
	o.filled = now
	if o.tokens < 1 {
		o.missed++
		return false
	}
	o.tokens--
	o.tellMissed()
	return true
}

// line takes a line without its end.
func (o *output) line(text []byte, long bool) {
	if long {
		text = []byte(o.hide.whole(string(text)))
	}
	text = bytes.TrimRight(text, "\r")
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	level, msg, attrs := slog.LevelInfo, "", []any(nil)
	entry, isEntry := map[string]any(nil), false
	if !long {
		entry, isEntry = parseEntry(text)
	}
	if isEntry {
		level, msg, attrs = o.entry(entry)
	} else {
		msg = o.show(string(text), maxShown)
	}
	if long {
		msg += " (cut)"
	}
	o.keep(msg)
	if !o.admit() {
		return
	}
	o.logger.Log(context.Background(), level, msg, attrs...)
}

// keep remembers a line for said.
func (o *output) keep(msg string) {
	msg = cutText(msg, keptLine)
	if o.panics == "" && (strings.HasPrefix(msg, "panic: ") || strings.HasPrefix(msg, "fatal error: ")) {
		o.panics = msg
	}
	if len(o.last) == keptLines {
		o.last = slices.Delete(o.last, 0, 1)
	}
	o.last = append(o.last, msg)
}

// show makes a text of the process fit for the log.
func (o *output) show(text string, limit int) string {
	return cutText(o.hide.Clean(text), limit)
}

func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + cut
}

// parseEntry returns the members of a line that is a message of a logger.
func parseEntry(text []byte) (map[string]any, bool) {
	if text[0] != '{' {
		return nil, false
	}
	var entry map[string]any
	if json.Unmarshal(text, &entry) != nil {
		return nil, false
	}
	_, has := entry["@message"].(string)
	return entry, has
}

// levelOf returns the level of a name; info where it has none.
func levelOf(name string) slog.Level {
	switch strings.ToLower(name) {
	case "trace":
		return slog.LevelDebug - 4
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// entry takes a message of a logger apart.
func (o *output) entry(entry map[string]any) (level slog.Level, msg string, attrs []any) {
	name, _ := entry["@level"].(string)
	level = levelOf(name)
	text, _ := entry["@message"].(string)
	msg = o.show(text, maxShown)
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if strings.HasPrefix(key, "@") {
			continue
		}
		if len(attrs) == 2*maxAttrs {
			break
		}
		value, ok := entry[key].(string)
		if !ok {
			raw, err := json.Marshal(entry[key])
			if err != nil {
				continue
			}
			value = string(raw)
		}
		attrs = append(attrs, o.show(key, 64), o.show(value, maxShown))
	}
	return level, msg, attrs
}

// stream divides what comes on a pipe into lines. It is an [io.Writer], used by one goroutine.
type stream struct {
	out  *output
	line []byte
	long bool // more came than is looked at
}

// Write implements [io.Writer]. It never fails.
func (s *stream) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part, rest, end := bytes.Cut(p, []byte{'\n'})
		room := maxLine - len(s.line)
		s.long = s.long || len(part) > room
		s.line = append(s.line, part[:min(len(part), room)]...)
		p = rest
		if end {
			s.end()
		}
	}
	return n, nil
}

// end ends the line.
func (s *stream) end() {
	s.out.line(s.line, s.long)
	s.line, s.long = s.line[:0], false
}

// close takes what stands behind the last line's end for a line.
func (s *stream) close() {
	if len(s.line) > 0 {
		s.end()
	}
}
