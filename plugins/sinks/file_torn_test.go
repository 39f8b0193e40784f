package sinks_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

// TestFileAfterATornRecord starts on what a kill has left behind the last line
// end, of every length, and of lengths around those it is looked for in.
func TestFileAfterATornRecord(t *testing.T) {
	t.Parallel()
	const whole = "{\"n\":1}\n"
	record := `{"a":[{"b":"x\"}\\"},null,-1.5e3],"c":{}}`
	tails := map[string]bool{record: true, record + " ": true, "{}": true, "": true, record + record: false, "5": false, "}": false, "\x00\x00": false}
	for n := 1; n < len(record); n++ {
		tails[record[:n]] = false
	}
	for _, n := range []int{64<<10 - 2, 64<<10 - 1, 64 << 10, 64<<10 + 1, 200 << 10} {
		long := `{"a":"` + strings.Repeat("x", n-8) + `"}`
		tails[long], tails[long[:n-1]] = true, false
	}
	for tail, kept := range tails {
		for _, before := range []string{"", whole, strings.Repeat(whole, 10_000)} {
			var log bytes.Buffer
			env := environment()
			env.Logger = slog.New(slog.NewTextHandler(&log, nil))
			path := inDir(t, "out")
			write(t, path, before+tail)
			s := start(t, "file", env, "path", path)
			must(t, s, batch(env.Pool, `{"n":2}`))
			must(t, s, batch(env.Pool, `{"n":3}`))
			want, warning := before, fmt.Sprintf("level=WARN msg=\"cutting off a record that a crash has left half written\" path=%s offset=%d bytes=%d begins=%q", path, len(before), len(tail), tail[:min(100, len(tail))])
			if kept {
				warning = ""
				if want += tail; tail != "" {
					want += "\n"
				}
			}
			want += "{\"n\":2}\n{\"n\":3}\n"
			if got := content(t, path); got != want {
				t.Errorf("after %.50q: %.200q, want %.200q", tail, got, want)
			}
			// A value without blanks or quotes stands in the log as it is.
			if said := log.String(); warning == "" && said != "" || !strings.Contains(strings.ReplaceAll(said, `"`, ""), strings.ReplaceAll(warning, `"`, "")) {
				t.Errorf("after %.50q the log says %s, want %s", tail, said, warning)
			}
		}
	}
}

func TestFileOfAnotherFormatAfterATornRecord(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	env := environment()
	env.Logger = slog.New(slog.NewTextHandler(&log, nil))
	path := inDir(t, "out")
	write(t, path, "whole\nto")
	k := kind(t, "file", sinks.Streams{})
	c := configure(k.Schema, "path", path).WithPayload(plugins.Shape{Format: "raw"})
	s, err := k.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	must(t, s, batch(env.Pool, "a"))
	must(t, s, batch(env.Pool, "b"))
	if got := content(t, path); got != "whole\nto\na\nb\n" {
		t.Errorf("content %q", got)
	}
	if said := log.String(); strings.Count(said, "level=WARN") != 1 || !strings.Contains(said, "its last record may be cut off") || !strings.Contains(said, "path="+path+" offset=6") {
		t.Errorf("the log says %s", said)
	}
}

// TestFileThatReplacesAnother leaves alone what the sink that it replaces is
// writing at that moment.
func TestFileThatReplacesAnother(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Replaces = true
	path := inDir(t, "out")
	write(t, path, `{"n":`)
	if err := start(t, "file", env, "path", path).(plugins.Opener).Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != `{"n":` {
		t.Errorf("content %q, %v", got, err)
	}
}
