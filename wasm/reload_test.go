package wasm_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// following is a pipeline that reads a file to which commands are added, and writes another one.
type following struct {
	t     *testing.T
	dir   string
	ended chan error // what its engine ends with
}

func follow(t *testing.T) following { return following{t, t.TempDir(), make(chan error, 1)} }

// run starts the engine.
func (f following) run(e *runtime.Engine, g *graph.Graph) {
	go func() { f.ended <- e.Run(context.Background(), g) }()
}

// drain waits for the engine to finish what it has.
func (f following) drain(e *runtime.Engine) {
	f.t.Helper()
	e.Drain()
	if err := <-f.ended; err != nil {
		f.t.Error(err)
	}
}

func (f following) out() string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "out.json"))
	if err != nil && !os.IsNotExist(err) {
		f.t.Fatal(err)
	}
	return string(text)
}

func (f following) write(cmds ...string) {
	f.t.Helper()
	file, err := os.OpenFile(filepath.Join(f.dir, "in.json"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, cmd := range cmds {
		fmt.Fprintf(file, "{\"k\": \"a\", \"cmd\": %q}\n", cmd)
	}
	if err := file.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// patience is how long there may be nothing new on a busy machine.
const patience = time.Minute

// until waits for what is written.
func (f following) until(want string) {
	f.t.Helper()
	var got string
	for last := time.Now(); ; {
		now := f.out()
		switch {
		case now == want:
			return
		case !strings.HasPrefix(want, now):
			f.t.Fatalf("there is %q, not %q", now, want)
		case now != got:
			got, last = now, time.Now()
		case time.Since(last) > patience:
			f.t.Fatalf("for %v there is nothing but %q, not %q", patience, now, want)
		}
		select {
		case err := <-f.ended:
			f.t.Fatalf("the pipeline has ended, with %v; there is %q, not %q", err, f.out(), want)
		case <-time.After(time.Millisecond):
		}
	}
}

// text is the pipeline; head is what is before its stages.
func (f following) text(head, module, config string) string {
	return fmt.Sprintf(`
pipeline "p" {}
%s
source "file" "in" {
  path   = "@/in.json"
  follow = true
}
transform "wasm" "m" {
  from   = source.in
  module = %q
  key    = event.k
  value  = event.cmd
  config = %s
}
sink "file" "out" {
  from = transform.m
  path = "@/out.json"
}
`, head, module, config)
}

// A reload takes over new parameters and another module, and what the keys and the module's own memory have kept.
func TestReload(t *testing.T) {
	t.Parallel()
	f := follow(t)
	dir := f.dir
	module := filepath.Join(dir, "m.wasm")
	more := "" // parameters
	pipeline := func(version string, limit int) string {
		data, err := os.ReadFile(guest(t, `{"name": "commands", "version": "`+version+`", "ports": ["side"], "parameters": [{"name": "limit", "type": "float", "hot": true}`+more+`], `+spaces+`}`))
		if err == nil {
			err = os.WriteFile(module, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return f.text("", module, fmt.Sprintf("{ limit = %d }", limit))
	}
	f.write("put:x=7", "remember:8", "limit")
	registry, g, err := build(t, pipeline("1", 1), dir)
	if err != nil {
		t.Fatal(err)
	}
	e := runtime.New(runtime.Config{Registry: registry, StateDir: filepath.Join(dir, "state")})
	f.run(e, g)
	f.until("1\n")
	_, g, err = build(t, pipeline("2", 2), dir)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := e.Reload(t.Context(), g)
	if err != nil || len(changes) != 1 {
		t.Fatalf("the reload gives %v, %v", changes, err)
	}
	f.write("limit", "get:x", "recall")
	f.until("1\n2\n7\n8\n")
	// Of the same text, over a file that was replaced, and then over one that was not.
	for changed, version := range []string{"3", "2", "2"} {
		if _, g, err = build(t, pipeline(version, 2), dir); err != nil {
			t.Fatal(err)
		}
		if changes, err = e.Reload(t.Context(), g); err != nil || len(changes) != min(1, 2-changed) {
			t.Fatalf("the reload with version %s gives %v, %v", version, changes, err)
		}
	}
	f.write("get:x", "recall", "configured")
	f.until("1\n2\n7\n8\n7\n8\n0\n")
	// With another value of a hot parameter the instance goes on, and what it has in its memory.
	for limit := 3; limit < 5; limit++ {
		if _, g, err = build(t, pipeline("2", limit), dir); err != nil {
			t.Fatal(err)
		}
		if changes, err = e.Reload(t.Context(), g); err != nil || len(changes) != 1 {
			t.Fatalf("the reload with the limit %d gives %v, %v", limit, changes, err)
		}
	}
	f.write("get:x", "recall", "configured", "limit")
	f.until("1\n2\n7\n8\n7\n8\n0\n7\n8\n2\n4\n")
	// Another module with more parameters is another instance.
	more = `, {"name": "cold", "type": "int", "default": 1}`
	if _, g, err = build(t, pipeline("4", 4), dir); err != nil {
		t.Fatal(err)
	}
	if changes, err = e.Reload(t.Context(), g); err != nil || len(changes) != 1 {
		t.Fatalf("the reload with more parameters gives %v, %v", changes, err)
	}
	f.write("configured")
	f.until("1\n2\n7\n8\n7\n8\n0\n7\n8\n2\n4\n0\n")
	// One that cannot go on with what is in the snapshot leaves the old one at work.
	if _, g, err = build(t, pipeline("4", 99), dir); err != nil {
		t.Fatal(err)
	}
	const want = "the module cannot go on with what it has kept in its memory: restore: it does not know what this is"
	if _, err = e.Reload(t.Context(), g); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("the reload gives %v, not %s", err, want)
	}
	f.write("recall")
	f.until("1\n2\n7\n8\n7\n8\n0\n7\n8\n2\n4\n0\n8\n")
	f.drain(e)
}

// A setting that is turned reaches the instance that runs where the parameter is hot, and one that takes its place otherwise.
func TestSettingAsParameter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ parameter, configured string }{
		"hot":  {`{"name": "limit", "type": "float", "min": 0, "hot": true}`, "1"},
		"cold": {`{"name": "limit", "type": "float", "min": 0}`, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := follow(t)
			knob := `
setting "knob" {
  type    = float
  default = 1
}
`
			module := guest(t, `{"ports": ["side"], "parameters": [`+c.parameter+`], `+spaces+`}`)
			registry, p, err := buildPipeline(t, f.text(knob, module, "{ limit = setting.knob * 2 }"), f.dir)
			if err != nil {
				t.Fatal(err)
			}
			f.write("remember:8", "put:x=7", "limit")
			e := runtime.New(runtime.Config{Registry: registry, StateDir: filepath.Join(f.dir, "state")})
			f.run(e, p.Graph)
			f.until("2\n")
			if err := p.Settings["knob"].Set(float(2.5)); err != nil {
				t.Fatal(err)
			}
			f.write("limit", "configured", "recall", "get:x")
			f.until("2\n5\n" + c.configured + "\n8\n7\n")
			if err := p.Settings["knob"].Set(float(-1)); err != nil { // which the module does not take
				t.Fatal(err)
			}
			f.write("limit")
			f.until("2\n5\n" + c.configured + "\n8\n7\n5\n")
			f.drain(e)
		})
	}
}
