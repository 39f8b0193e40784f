package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

// TestMain lets the test binary stand in for the engine.
func TestMain(m *testing.M) {
	if served, err := bus.Serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	} else if served {
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "run" {
		if err := runFake(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fake is an engine in its plainest form: it reads the input files to their
// end, stores positions, state and outbox at once, and then writes the outbox.
type fake struct {
	dir, store string
	mutant     string
	fault      string // what is left of the count of ONSTREAM_FAULT's place
	passed     int
	last       []byte // state of the commit before
	fakeState
}

// fakeState is what the fake stores.
type fakeState struct {
	Positions [inputs]int64
	Totals    map[string]fakeTally
	Latest    map[string]time.Time
	Windows   map[string]map[int64]fakeTally
	Outbox    []fakeLine
}

type fakeTally struct {
	N   int
	Sum int64
}

type fakeLine struct{ Stream, Text string }

func runFake(args []string) error {
	f := &fake{mutant: os.Getenv("ONSTREAM_MUTANT"), fault: os.Getenv("ONSTREAM_FAULT")}
	f.Totals, f.Latest, f.Windows = map[string]fakeTally{}, map[string]time.Time{}, map[string]map[int64]fakeTally{}
	for i, arg := range args {
		if arg == "--state" {
			f.store = args[i+1]
		}
		if dir, ok := strings.CutPrefix(arg, "dir="); ok {
			f.dir = dir
		}
	}
	if f.mutant == "dies" {
		return errors.New("it dies")
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	if err := os.MkdirAll(f.store, 0o700); err != nil {
		return err
	}
	stored, err := os.ReadFile(filepath.Join(f.store, "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(stored, &f.fakeState); err != nil {
			return err
		}
	}
	if f.last, err = json.Marshal(f.fakeState); err != nil {
		return err
	}
	for {
		if err := f.deliver(); err != nil {
			return err
		}
		select {
		case <-end:
			if err := f.commit(f.Positions); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, `{"balanced":true}`)
			return nil
		case <-time.After(2 * time.Millisecond):
		}
		before := f.Positions
		if err := f.read(); err != nil {
			return err
		}
		if len(f.Outbox) > 0 {
			if err := f.commit(before); err != nil {
				return err
			}
		}
	}
}

// read takes what is new in the input files.
func (f *fake) read() error {
	for i := range f.Positions {
		data, err := os.ReadFile(filepath.Join(f.dir, fmt.Sprintf("in-%d.ndjson", i)))
		if err != nil {
			return err
		}
		data = data[f.Positions[i]:]
		data = data[:bytes.LastIndexByte(data, '\n')+1]
		for line := range bytes.Lines(data) {
			f.take(bytes.TrimSuffix(line, []byte{'\n'}))
		}
		f.Positions[i] += int64(len(data))
	}
	return nil
}

func (f *fake) take(line []byte) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		f.emit(errored, map[string]any{"code": "decode", "payload": string(line)})
		return
	}
	f.emit(records, map[string]any{"id": r.ID, "key": r.Key, "seq": r.Seq, "value": r.Value})
	t := f.Totals[r.Key]
	t = fakeTally{t.N + 1, t.Sum + r.Value}
	f.Totals[r.Key] = t
	f.emit(totals, map[string]any{"id": r.ID, "n": t.N, "sum": t.Sum})
	open := f.Windows[r.Key]
	if open == nil {
		open = map[int64]fakeTally{}
		f.Windows[r.Key] = open
	}
	start := r.TS.Truncate(windowSize).UnixMilli()
	open[start] = fakeTally{open[start].N + 1, open[start].Sum + r.Value}
	if r.TS.After(f.Latest[r.Key]) {
		f.Latest[r.Key] = r.TS
	}
	for start, t := range open {
		if at := time.UnixMilli(start); !at.Add(windowSize + lateness).After(f.Latest[r.Key]) {
			f.emit(windows, map[string]any{"key": r.Key, "start": at.UTC(), "n": t.N, "sum": t.Sum})
			delete(open, start)
		}
	}
}

func (f *fake) emit(stream string, fields map[string]any) {
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	f.Outbox = append(f.Outbox, fakeLine{stream, string(text)})
}

// commit stores all at once, unless it is a mutant.
func (f *fake) commit(before [inputs]int64) error {
	stored := f.fakeState
	switch f.mutant {
	case "state_without_position":
		stored.Positions = before
	case "no_outbox":
		stored.Outbox = nil
	case "position_ahead":
		stored = fakeState{}
		if err := json.Unmarshal(f.last, &stored); err != nil {
			return err
		}
		stored.Positions = f.Positions
	}
	data, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	if f.last, err = json.Marshal(f.fakeState); err != nil {
		return err
	}
	fresh := filepath.Join(f.store, "fresh")
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(fresh, filepath.Join(f.store, "checkpoint")); err != nil {
		return err
	}
	stay("after_commit")
	return f.faultpoint()
}

// stay is where the fake can be held.
func stay(place string) {
	held := filepath.Join(os.Getenv("ONSTREAM_HOLD"), place+".held")
	if os.Rename(strings.TrimSuffix(held, ".held"), held) != nil {
		return
	}
	for _, err := os.Stat(held); err == nil; _, err = os.Stat(held) {
		time.Sleep(time.Millisecond)
	}
}

// faultpoint is every place at which a fault may be asked for.
func (f *fake) faultpoint() error {
	_, count, asked := strings.Cut(f.fault, ":")
	if !asked {
		return nil
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	if f.passed++; f.passed < n {
		return nil
	}
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	select {}
}

// deliver writes the outbox, each stream's lines in one write.
func (f *fake) deliver() error {
	out := map[string][]byte{}
	for _, l := range f.Outbox {
		out[l.Stream] = append(append(out[l.Stream], l.Text...), '\n')
	}
	for stream, lines := range out {
		file, err := os.OpenFile(filepath.Join(f.dir, stream+".ndjson"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		if _, err := file.Write(lines); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	f.Outbox = nil
	return nil
}
