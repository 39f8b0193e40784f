package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/bench/limit"
)

// TestMain lets the test binary stand in for the one that start runs: it
// copies the data next to the pipeline if there is some, else its input.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != "run" {
		m.Run()
		return
	}
	var in io.Reader = os.Stdin
	if f, err := os.Open(filepath.Join(os.Args[2], "telemetry.ndjson")); err == nil {
		in = f
	}
	if _, err := io.Copy(os.Stdout, in); err != nil {
		panic(err)
	}
}

// paths finds the files that a pipeline names.
var paths = regexp.MustCompile(`path += "(.*)"`)

// fake is an engine that does what the pipelines say by the programs by hand.
func fake(_ context.Context, hcl string, in io.Reader, out io.Writer) error {
	found := paths.FindAllStringSubmatch(hcl, -1)
	if len(found) == 0 {
		_, err := limit.FilterMap{Time: true}.Run(out, in)
		return err
	}
	r, err := os.Open(found[0][1])
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(found[1][1])
	if err != nil {
		return err
	}
	if strings.Contains(hcl, `"filter"`) {
		_, err = limit.FilterMap{}.Run(w, r)
	} else {
		_, err = limit.PassThrough(w, r)
	}
	return errors.Join(err, w.Close())
}

func smallOptions(t *testing.T) options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return options{records: 5_000, rounds: 2, starts: 1, run: "P1,P2,L,start", dir: t.TempDir(), binary: self, latency: 200 * time.Millisecond}
}

func TestReport(t *testing.T) {
	if _, _, err := usage(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts processes and waits for them")
	}
	o := smallOptions(t)
	o.cpuprofile = filepath.Join(t.TempDir(), "cpu.out")
	var stdout, stderr bytes.Buffer
	if err := measure(t.Context(), o, fake, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, line := range []string{
		`(?m)^P1 .*ns of CPU per record`,
		`(?m)^by hand, again `,
		`(?m)^by hand, one-pass scan `,
		`(?m)^by hand, key order guessed, again `,
		`(?m)^engine, no schema `,
		`(?m)^P1 engine +1.7 .* times by hand `,
		`(?m)^P2 engine +350 .* ns of CPU per record +(pass|MISS)`,
		`(?m)^P2 engine, no schema +1.5 .* times engine `,
		`(?m)^L engine +5 .* ms at p99 `,
		`(?m)^idle +40 `,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("the report lacks %s", line)
		}
	}
	t.Logf("%s", stdout.String())
	if left, err := os.ReadDir(o.dir); err != nil || len(left) > 0 {
		t.Errorf("the data is still there: %v %v", left, err)
	}
	if profile, err := os.Stat(o.cpuprofile); err != nil || profile.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

func TestWrongOutput(t *testing.T) {
	o := smallOptions(t)
	o.run = "P2"
	lossy := func(ctx context.Context, hcl string, in io.Reader, out io.Writer) error {
		return fake(ctx, strings.Replace(hcl, `"filter"`, "", 1), in, out)
	}
	err := measure(t.Context(), o, lossy, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "P2, engine: wrong output: line 1 is") {
		t.Errorf("got %v", err)
	}
}

func TestLostRecords(t *testing.T) {
	for name, run := range map[string]engine{
		"1 of 2":  func(_ context.Context, _ string, in io.Reader, out io.Writer) error { return fakeLossy(in, out) },
		"broken":  func(context.Context, string, io.Reader, io.Writer) error { return errors.New("broken") },
		"sending": func(context.Context, string, io.Reader, io.Writer) error { return nil },
	} {
		p := filter{"engine", func(ctx context.Context, in io.Reader, out io.Writer) error { return run(ctx, "", in, out) }}
		if _, err := stream(t.Context(), p, 500); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// fakeLossy drops the last line.
func fakeLossy(in io.Reader, out io.Writer) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	last := bytes.LastIndexByte(data[:len(data)-1], '\n')
	_, err = limit.FilterMap{Time: true}.Run(out, bytes.NewReader(data[:last+1]))
	return err
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-run", "P9"}, {"-rounds", "0"}, {"here"}, {"-no"}} {
		var stderr bytes.Buffer
		if code := run(args, io.Discard, &stderr); code == 0 || stderr.Len() == 0 {
			t.Errorf("%q: exit %d, %q", args, code, stderr.String())
		}
	}
}
