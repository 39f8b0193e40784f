package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fakeScenario returns a scenario in which the fake can stand in for the engine.
func fakeScenario(t *testing.T, fault string) scenario {
	t.Helper()
	s, err := choose(options{fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	if s[0].design != (design{byFile, plain, byFile}) {
		t.Fatalf("the fake does not know the pipeline of %s", fault)
	}
	return s[0]
}

// trialOfFake runs a scenario with the fake in place of the engine. What is missing may come, and the engine come back,
// within patience.
func trialOfFake(t *testing.T, fault string, cycles int, patience time.Duration, env ...string) result {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	u := setup{
		binary: binary, rate: 1000, patience: patience, limit: patience, env: env,
		progress: func(string, ...any) {},
	}
	r, err := runTrial(t.Context(), fakeScenario(t, fault), u, 3, cycles, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	return r
}

func TestSoundEnginePasses(t *testing.T) {
	t.Parallel()
	for fault, cycles := range map[string]int{
		"kill9": 6, "failpoint": 4, "sigstop": 2, "sigterm": 3, "stateloss": 2, "shuffled": 3, "poison": 3, "hotkey": 3,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			r := trialOfFake(t, fault, cycles, time.Minute) // which a busy machine may keep it waiting
			if r.verdict() != "pass" {
				t.Errorf("%s\n%s", r, r.reasons())
			}
			if r.accepted == 0 || r.unique == 0 || r.cycles != cycles {
				t.Errorf("nothing was tried: %s", r)
			}
		})
	}
}

func TestBrokenEnginesAreFound(t *testing.T) {
	t.Parallel()
	for mutant, c := range map[string]struct {
		fault string
		want  gate
	}{
		"state_without_position": {"kill9", gateState},
		"position_ahead":         {"kill9", gateState},
		"no_outbox":              {"failpoint", gateLost}, // killed between a commit and the writing
		"dies":                   {"kill9", gateStopped},
	} {
		t.Run(mutant, func(t *testing.T) {
			t.Parallel()
			r := trialOfFake(t, c.fault, 6, hurried, "ONSTREAM_MUTANT="+mutant)
			if r.broken[c.want] == "" {
				t.Errorf("%s\n%s", r, r.reasons())
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"-h", 0, "-selftest"},
		{"-list", 0, "kill9 "},
		{"-fault nothing", 2, `no scenario "nothing"`},
		{"-rate 0", 2, "positive"},
		{"here", 2, "no arguments"},
		{"-binary /nowhere/onstream -fault kill9", 1, "start the engine"},
	} {
		var said bytes.Buffer
		args := append(strings.Fields(c.args), "-dir", t.TempDir())
		if code := run(args, &said, &said); code != c.code || !strings.Contains(said.String(), c.says) {
			t.Errorf("chaos %s: exit %d, want %d, and it says %q, not %q", c.args, code, c.code, said.String(), c.says)
		}
	}
}

// TestRun runs the whole command over the fake.
func TestRun(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var stdout bytes.Buffer
	args := []string{"-binary", binary, "-dir", dir, "-fault", "kill9,poison", "-cycles", "2", "-rate", "500", "-seed", "9"}
	if code := run(args, &stdout, io.Discard); code != 0 {
		t.Errorf("exit %d\n%s", code, stdout.String())
	}
	for _, line := range []string{
		`(?m)^RESULT fault=kill9 seed=9 cycles=2 sent=\d+ accepted=\d+ unique_out=\d+ lost=0 dup=\d+ ooo=0 state_diff=0 recovery_ms=\d+ rss_mib=\d+ verdict=pass$`,
		`(?m)^RESULT fault=poison seed=9 .* verdict=pass$`,
		`(?m)^2 runs in .*: 4 kill -9, \d+ records accepted, 0 runs failed$`,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("no line %s in\n%s", line, stdout.String())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves something behind: %v %v", left, err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := options{binary: binary, dir: dir, seed: 1, rate: 500, patience: time.Second, cycles: 1000}
	if err := harness(ctx, o, []scenario{fakeScenario(t, "kill9")}, io.Discard, io.Discard); err == nil {
		t.Error("it was not interrupted")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves something behind: %v %v", left, err)
	}
}
