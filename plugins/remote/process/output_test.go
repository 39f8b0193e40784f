package process

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// book returns an output, the time of its clock, and what it logs.
func book() (out *output, clock *time.Time, log *bytes.Buffer) {
	log, clock = new(bytes.Buffer), new(time.Time)
	*clock = time.Unix(1000, 0)
	hide := new(Redactor)
	hide.Add("hunter2-very-secret")
	out = newOutput(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), hide)
	out.now, out.filled = func() time.Time { return *clock }, *clock
	return out, clock, log
}

// A line without an end takes no more memory than one that is looked at.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	out, _, log := book()
	s := &stream{out: out}
	part := bytes.Repeat([]byte("x"), 32<<10)
	for range 2048 { // 64 MiB
		if n, err := s.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if n := cap(s.line); n > 2*maxLine {
		t.Errorf("%d bytes are kept", n)
	}
	if log.Len() > 0 {
		t.Errorf("logged before its end: %d bytes", log.Len())
	}
	s.close()
	if n := log.Len(); n > 2*maxShown || !strings.Contains(log.String(), "xxx… (cut)") {
		t.Errorf("%d bytes are logged", n)
	}
	if said := out.said(); len(said) > 2*keptLine {
		t.Errorf("%d bytes are remembered", len(said))
	}
}

// A secret is not shown where a line is cut in the middle of it.
func TestSecretAtTheEndOfALongLine(t *testing.T) {
	t.Parallel()
	out, _, log := book()
	secret := "hunter2" + strings.Repeat("x", 1000)
	out.hide.Add(secret)
	s := &stream{out: out}
	if _, err := s.Write([]byte(strings.Repeat(secret, 100) + "\n")); err != nil {
		t.Fatal(err)
	}
	if text := log.String() + out.said(); strings.Contains(text, "hunter") || !strings.Contains(text, "(secret)(secret)") {
		t.Error(text)
	}
}

// No more lines are logged than anybody can read; how many were left out is told with the next, and at the end.
func TestLinesOverTheRate(t *testing.T) {
	t.Parallel()
	out, clock, log := book()
	s := &stream{out: out}
	say := func(n int) int {
		before := strings.Count(log.String(), "msg=hello")
		for range n {
			if _, err := fmt.Fprintln(s, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		return strings.Count(log.String(), "msg=hello") - before
	}
	if n := say(10000); n != burst {
		t.Errorf("%d lines at once were logged, want %d", n, burst)
	}
	*clock = clock.Add(time.Second)
	if n := say(1000); n != linesPerSecond {
		t.Errorf("%d lines a second later were logged, want %d", n, linesPerSecond)
	}
	const told = `msg="the plugin says too much: more than 100 lines a second; some were left out" lines=`
	if !strings.Contains(log.String(), fmt.Sprint(told, 10000-burst, "\n")) {
		t.Errorf("it is not told how many were left out:\n%s", log.String()[max(0, log.Len()-400):])
	}
	out.close()
	if !strings.HasSuffix(log.String(), fmt.Sprint(told, 1000-linesPerSecond, "\n")) {
		t.Errorf("it is not told at the end how many were left out:\n%s", log.String()[max(0, log.Len()-400):])
	}
}

// Messages of a logger keep their level, and are as bounded as lines.
func TestEntriesOfALogger(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"@level":"warn","@message":"hot","n":3,"key":"hunter2-very-secret"}`: `level=WARN msg=hot key=(secret) n=3`,
		`{"@level":"trace","@message":"not shown"}`:                            ``,
		`{"@level":"loud","@message":"of no level"}`:                           `level=INFO msg="of no level"`,
		`{"@message":"a\u001b[2Jb\nc"}`:                                        "level=INFO msg=\"a\uFFFD[2Jb c\"",
		`{"@message":7}`:                                                       `level=INFO msg="{\"@message\":7}"`,
		`{"@message":"torn"`:                                                   `level=INFO msg="{\"@message\":\"torn\""`,
		"\xff\x00bytes\r":                                                      "level=INFO msg=\"\uFFFD\uFFFDbytes\"",
		"  ":                                                                   ``,
	} {
		out, _, log := book()
		s := &stream{out: out}
		if _, err := s.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(strings.TrimSpace(log.String()), " ")
		if got != want {
			t.Errorf("%q is logged as\n%s\nwant\n%s", line, got, want)
		}
	}
}
