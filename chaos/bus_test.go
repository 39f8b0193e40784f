package main

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

// What a bus does not promise is told, and everything else fails as ever.
func TestDeclared(t *testing.T) {
	t.Parallel()
	s := scenario{fault: "test", over: &bus.Kind{Name: "post", Server: "pigeons"}, declared: map[gate]string{gateLost: "some are eaten"}}
	tr := &trial{scenario: s, broken: map[gate]string{gateLost: "x", gateOrder: "y"}}
	r := result{fault: "test", broken: tr.broken}
	tr.excuse(&r)
	want := `RESULT fault=test server="pigeons" declared="lost: some are eaten" seed=0 `
	if got := r.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "verdict=fail:ooo") {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestCaughtUp(t *testing.T) {
	t.Parallel()
	o := newObserver(byFile)
	o.see(records, []byte(`{"id":"d00/3","key":"d00","seq":3}`))
	for _, c := range []struct {
		latest map[string]int
		want   bool
	}{{nil, true}, {map[string]int{"d00": 3}, true}, {map[string]int{"d00": 4}, false}, {map[string]int{"d00": 3, "d01": 0}, false}} {
		if got := o.reached(c.latest); got != c.want {
			t.Errorf("%v: %t, want %t", c.latest, got, c.want)
		}
	}
}

func TestExactMeansNothingTwice(t *testing.T) {
	t.Parallel()
	tr := &trial{scenario: scenario{design: design{byTopic, exact, byTopic}}, setup: setup{rate: 1000}, kills: 5}
	if n := tr.window(&account{resent: 7}); n != 0 {
		t.Errorf("%d may come twice in transactions", n)
	}
	tr.stages = plain
	if tr.window(&account{}) == 0 {
		t.Error("nothing may come twice without")
	}
}

// Each scenario has its parts, and its name once.
func TestScenariosAreWhole(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.fault)
		for _, part := range s.parts() {
			if _, err := fs.Stat(pipelineFiles, "pipelines/"+part); err != nil {
				t.Errorf("%s: %v", s.fault, err)
			}
		}
		if s.over != nil && s.over.Connector("bus", "127.0.0.1:1", bus.Options{}) == "" {
			t.Errorf("%s has no connector", s.fault)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("some are there twice: %q", names)
	}
}

func TestChosenByPattern(t *testing.T) {
	t.Parallel()
	chosen, err := choose(options{fault: "nats-*"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range chosen {
		if !strings.HasPrefix(s.fault, "nats-") {
			t.Errorf("%s was not asked for", s.fault)
		}
	}
	if len(chosen) < 5 {
		t.Errorf("only %d of them", len(chosen))
	}
}

func TestRecoveryOfGroupsIsGivenTheirSilence(t *testing.T) {
	t.Parallel()
	tr := &trial{scenario: scenario{design: design{source: byKeyed}, over: &bus.Kind{Silence: time.Second}}, setup: setup{limit: time.Minute}}
	if got := tr.recoveryLimit(); got != 61*time.Second {
		t.Error(got)
	}
}
