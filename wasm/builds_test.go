package wasm_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm"
)

// A stage that names the folder of a behaviour has it built once for all that is asked about it, and again when a file of
// it has changed; what cannot be built is an error at the attribute.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir, built := t.TempDir(), 0
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var r plugins.Registry
	if err := wasm.Register(&r, wasm.Config{CacheDir: t.TempDir(), Building: func(folder string) {
		if built++; folder != dir {
			t.Errorf("%s is built", folder)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	k, _ := r.Transform("wasm")
	check := func(ports, builds int, want string) {
		t.Helper()
		outs, err := k.Outputs(payloads, config(dir, nil))
		var wrong *plugins.ConfigError
		if want == "" && (err != nil || len(outs) != ports) {
			t.Errorf("it has %d outputs, %v", len(outs), err)
		}
		if want != "" && (!errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), strings.ReplaceAll(want, "@", dir))) {
			t.Errorf("it gives %v, not %s", err, want)
		}
		if built != builds {
			t.Errorf("it was built %d times, not %d", built, builds)
		}
	}
	check(0, 0, "module: the behaviour in @: there is no onstream.json, its manifest")
	write("onstream.json", `{"ports": ["odd"]}`)
	write("main.go", `package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var _ = onstream.Register(onstream.Behaviour{Records: func(*onstream.Records, *onstream.Output) error { return nil }})

func main() {}
`)
	check(2, 1, "")
	check(2, 1, "")
	write("onstream.json", `{"ports": ["odd", "even"]}`)
	check(3, 2, "")
	write("onstream.json", `{"ports": ["odd"]}`)
	check(2, 2, "") // it is still there
	write("more.go", "package main\n\nvar x = y\n")
	check(0, 3, "module: @ cannot be compiled:\n# behaviour\n./more.go:3:9: undefined: y")
	check(0, 3, "module: @ cannot be compiled:")
}
