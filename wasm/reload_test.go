package wasm_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/onstream/onstream/runtime"
)

// A reload takes over new parameters and another module, and what the keys and the module's own memory have kept.
func TestReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.json")
	out := func() string {
		text, err := os.ReadFile(filepath.Join(dir, "out.json"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
	write := func(cmds ...string) {
		t.Helper()
		f, err := os.OpenFile(in, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		for _, cmd := range cmds {
			fmt.Fprintf(f, "{\"k\": \"a\", \"cmd\": %q}\n", cmd)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	until := func(want string) {
		t.Helper()
		for out() != want {
			if got := out(); len(got) >= len(want) && got != want {
				t.Fatalf("there is %q, not %q", got, want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	module := filepath.Join(dir, "m.wasm")
	pipeline := func(version string, limit int) string {
		data, err := os.ReadFile(guest(t, `{"name": "commands", "version": "`+version+`", "ports": ["side"], "parameters": [{"name": "limit", "type": "float", "hot": true}], `+spaces+`}`))
		if err == nil {
			err = os.WriteFile(module, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`
pipeline "p" {}
source "file" "in" {
  path   = "@/in.json"
  follow = true
}
transform "wasm" "m" {
  from   = source.in
  module = %q
  key    = event.k
  value  = event.cmd
  config = { limit = %d }
}
sink "file" "out" {
  from = transform.m
  path = "@/out.json"
}
`, module, limit)
	}
	write("put:x=7", "remember:8", "limit")
	registry, g, err := build(t, pipeline("1", 1), dir)
	if err != nil {
		t.Fatal(err)
	}
	e := runtime.New(runtime.Config{Registry: registry, StateDir: filepath.Join(dir, "state")})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background(), g) }()
	until("1\n")
	_, g, err = build(t, pipeline("2", 2), dir)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := e.Reload(t.Context(), g)
	if err != nil || len(changes) != 1 {
		t.Fatalf("the reload gives %v, %v", changes, err)
	}
	write("limit", "get:x", "recall")
	until("1\n2\n7\n8\n")
	// Of the same text, over a file that was replaced, and then over one that was not.
	for changed, version := range []string{"3", "2", "2"} {
		if _, g, err = build(t, pipeline(version, 2), dir); err != nil {
			t.Fatal(err)
		}
		if changes, err = e.Reload(t.Context(), g); err != nil || len(changes) != min(1, 2-changed) {
			t.Fatalf("the reload with version %s gives %v, %v", version, changes, err)
		}
	}
	write("get:x", "recall", "configured")
	until("1\n2\n7\n8\n7\n8\n0\n")
	// With another value of a hot parameter the instance goes on, and what it has in its memory.
	for limit := 3; limit < 5; limit++ {
		if _, g, err = build(t, pipeline("2", limit), dir); err != nil {
			t.Fatal(err)
		}
		if changes, err = e.Reload(t.Context(), g); err != nil || len(changes) != 1 {
			t.Fatalf("the reload with the limit %d gives %v, %v", limit, changes, err)
		}
	}
	write("get:x", "recall", "configured", "limit")
	until("1\n2\n7\n8\n7\n8\n0\n7\n8\n2\n4\n")
	e.Drain()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
