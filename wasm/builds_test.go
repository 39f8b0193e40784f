package wasm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	// It is not read again while the sizes and times of its files are the same.
	manifest := filepath.Join(dir, "onstream.json")
	info, err := os.Stat(manifest)
	if err != nil {
		t.Fatal(err)
	}
	write("onstream.json", `{"ports": ["ood"]}`)
	if err := os.Chtimes(manifest, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	check(2, 1, "")
	write("onstream.json", `{"ports": ["odd", "even"]}`)
	check(3, 2, "")
	write("onstream.json", `{"ports": ["odd"]}`)
	check(2, 2, "") // it is still there
	write("more.go", "package main\n\nvar x = y\n")
	check(0, 3, "module: @ cannot be compiled:\n# behaviour\n./more.go:3:9: undefined: y")
	check(0, 4, "module: @ cannot be compiled:") // the machine may have been to blame
}

// waiting is a folder of a behaviour whose build begins and waits until the context ends, and the kind that builds it.
func waiting(t *testing.T) (k plugins.TransformKind, dir string, begun chan struct{}, end func()) {
	t.Helper()
	dir, begun = t.TempDir(), make(chan struct{}, 10)
	for name, text := range map[string]string{"onstream.json": "{}", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	var r plugins.Registry
	if err := wasm.Register(&r, wasm.Config{CacheDir: t.TempDir(), Context: ctx, Building: func(string) {
		begun <- struct{}{}
		<-ctx.Done()
	}}); err != nil {
		t.Fatal(err)
	}
	k, _ = r.Transform("wasm")
	return k, dir, begun, end
}

// While a folder is built, what is known of other stages is there, such as whether one that runs keeps state, which each
// checkpoint asks for; who asks for the same folder waits for the same build. A build ends with the context.
func TestBuildKeepsNobody(t *testing.T) {
	t.Parallel()
	k, dir, begun, end := waiting(t)
	runs := config(file(t, behaviour(`{}`)), nil)
	runs = runs.WithContents(k.Describe(runs).Contents)
	errs := make(chan error, 2)
	ask := func() {
		_, err := k.Outputs(payloads, config(dir, nil))
		errs <- err
	}
	go ask()
	<-begun
	go ask()
	answered := make(chan bool)
	go func() {
		keyed := k.ByKey(k.Describe(runs))
		_, err := k.Outputs(payloads, config(file(t, behaviour(`{"name": "other"}`)), nil))
		answered <- !keyed && err == nil
	}()
	select {
	case right := <-answered:
		if !right {
			t.Error("the answers are wrong")
		}
	case err := <-errs:
		t.Errorf("the build has ended: %v", err)
	case <-time.After(time.Minute):
		t.Error("they wait for the build")
	}
	end()
	for range 2 {
		if err, want := <-errs, "module: "+dir+" is not built, because the process is to end"; err == nil || err.Error() != want {
			t.Errorf("it gives %v, not %s", err, want)
		}
	}
	if n := len(begun); n > 0 {
		t.Errorf("it was built %d times more", n)
	}
}
