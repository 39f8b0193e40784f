package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/runtime"
)

// TestMain lets the test binary stand in for the one that start runs: it
// copies the data next to the pipeline if there is some, else its input. It is
// the broker, too, that P5-kafka starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveBroker {
		main()
		return
	}
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
func fake(_ context.Context, hcl string, in io.Reader, out io.Writer, _ engineOptions) error {
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
	switch {
	case strings.Contains(hcl, `"filter"`):
		_, err = limit.FilterMap{}.Run(w, r)
	case strings.Contains(hcl, `"window"`):
		_, err = limit.WindowMean{}.Run(w, r)
	default:
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
	return options{records: 5_000, rounds: 2, starts: 1, keys: hotShare, run: "P1,P2,P3,L,start", dir: t.TempDir(), binary: self, latency: 200 * time.Millisecond}
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
		`(?m)^P3 engine +1.7 .* times by hand`,
		`(?m)^P3 engine, checkpoints +1.3 .* times engine `,
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

// What modules of each language make of the records is compared, byte by byte, with what the engine's stages do. A compiler that is not
// there leaves its own out.
func TestModulesReport(t *testing.T) {
	if _, _, err := usage(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds modules")
	}
	o := smallOptions(t)
	o.run, o.rounds, o.guests, o.binary = "P4", 1, "guests", filepath.Join(t.TempDir(), "none")
	var stdout, stderr bytes.Buffer
	if err := measure(t.Context(), o, newEngine(), &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, line := range []string{
		`(?m)^P4 .*ns of CPU per record`,
		`(?m)^engine's stages `,
		`(?m)^P4 module, Go +5 .* times engine's stages`,
		`(?m)^P4 call of a guest +100 .* ns`,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("the report lacks %s", line)
		}
	}
	t.Logf("%s", stdout.String())
}

// The workloads of state need the binary itself.
func TestStateReport(t *testing.T) {
	if _, err := residentMemory(os.Getpid()); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds the binary, starts processes and waits for them")
	}
	o := smallOptions(t)
	o.run, o.keys, o.binary = "restart,keys", 2000, filepath.Join(t.TempDir(), "onstream")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", o.binary, "../cmd/onstream").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var stdout, stderr bytes.Buffer
	if err := measure(t.Context(), o, newEngine(), &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, line := range []string{
		`(?m)^ms until it is ready +\d`,
		`(?m)^in memory +-?\d+ `,
		`(?m)^a tenth in memory +-?\d+ `,
		`(?m)^live heap +\d`,
		`(?m)^restart +100 `,
		`(?m)^keys +5 .* s from the start to the first record`,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("the report lacks %s", line)
		}
	}
	t.Logf("%s", stdout.String())
}

// Every fault has to show as it should, or the report is an error.
func TestFaultsReport(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	o := smallOptions(t)
	o.run, o.rounds = "faults", 1
	var stdout, stderr bytes.Buffer
	if err := measure(t.Context(), o, newEngine(), &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	lines := []string{
		`(?m)^L at 10000 records/s beside a module with a fault, best of up to 1 rounds`,
		`(?m)^none +\d`,
		`(?m)^end of an endless loop, behind its 20ms +\d`,
		`(?m)^faults: the neighbour's L +20 .* ms at p99, worst of the faults, best of the rounds`,
		`(?m)^faults: the end behind the deadline +5 .* ms at p99, best of the rounds`,
	}
	for _, f := range faults() {
		lines = append(lines, `(?m)^`+regexp.QuoteMeta(f.name)+` +\d`)
	}
	for _, line := range lines {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("the report lacks %s", line)
		}
	}
	t.Logf("%s", stdout.String())
}

// A pipeline with a fault that ends for another reason, or is refused for none, is no proof of anything.
func TestFaultsThatDoNotShow(t *testing.T) {
	t.Parallel()
	fails, refuses := fault{name: "x", module: []byte("x"), says: "the reason"}, fault{name: "x", module: []byte("x"), effect: refused, says: "the reason"}
	for name, c := range map[string]struct {
		fault fault
		does  error
		want  string
	}{
		"ends":              {fails, nil, "its pipeline has ended, and not with \"the reason\""},
		"fails to start":    {fails, errors.New("no space left"), "its pipeline has ended, and not with \"the reason\"\nno space left"},
		"is not refused":    {refuses, nil, "its pipeline has ended, and not with \"the reason\""},
		"refused otherwise": {refuses, errors.New("no such file"), "its pipeline has ended, and not with \"the reason\"\nno such file"},
	} {
		b := &bench{dir: t.TempDir(), engine: func(context.Context, string, io.Reader, io.Writer, engineOptions) error { return c.does }}
		if err := b.harm(t.Context(), c.fault); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
	letters := filepath.Join(t.TempDir(), "letters.json")
	if err := failedWith(letters, "the reason"); err == nil {
		t.Error("no record has failed, and it passes")
	}
	if err := os.WriteFile(letters, []byte(`{"msg":"another one"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := failedWith(letters, "the reason"); err == nil {
		t.Error("a record has failed for another reason, and it passes")
	}
}

func TestCheckpointsAreCounted(t *testing.T) {
	var c checkpoints
	for _, n := range []int64{0, 1, 1, 2} {
		c.see(runtime.Stats{Checkpoint: runtime.CheckpointStats{Number: n, Paused: time.Duration(n) * time.Millisecond}})
	}
	c.ended()
	var report bytes.Buffer
	c.print(&report)
	for _, line := range []string{`in a run +2\.00 `, `records waited +1\.50 +1\.00 +2\.00`} {
		if !regexp.MustCompile(line).Match(report.Bytes()) {
			t.Errorf("the report lacks %s:\n%s", line, report.String())
		}
	}
}

func TestWrongOutput(t *testing.T) {
	o := smallOptions(t)
	o.run = "P2"
	lossy := func(ctx context.Context, hcl string, in io.Reader, out io.Writer, o engineOptions) error {
		return fake(ctx, strings.Replace(hcl, `"filter"`, "", 1), in, out, o)
	}
	err := measure(t.Context(), o, lossy, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "P2, engine: wrong output: line 1 is") {
		t.Errorf("got %v", err)
	}
}

func TestLostRecords(t *testing.T) {
	for name, run := range map[string]engine{
		"1 of 2": func(_ context.Context, _ string, in io.Reader, out io.Writer, _ engineOptions) error {
			return fakeLossy(in, out)
		},
		"broken":  func(context.Context, string, io.Reader, io.Writer, engineOptions) error { return errors.New("broken") },
		"sending": func(context.Context, string, io.Reader, io.Writer, engineOptions) error { return nil },
	} {
		p := filter{"engine", func(ctx context.Context, in io.Reader, out io.Writer) error {
			return run(ctx, "", in, out, engineOptions{})
		}}
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
	for _, args := range [][]string{{"-run", "P9"}, {"-rounds", "0"}, {"-keys", "9"}, {"here"}, {"-no"}} {
		var stderr bytes.Buffer
		if code := run(args, io.Discard, &stderr); code == 0 || stderr.Len() == 0 {
			t.Errorf("%q: exit %d, %q", args, code, stderr.String())
		}
	}
}
