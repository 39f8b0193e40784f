package meter_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/meter"
)

var config = meter.Config{Module: "meter", Name: "tick", Steps: 100_000, Stack: 1 << 20, Pages: 1024, Entries: 10_000}

func rewrite(t testing.TB, module []byte, c meter.Config) []byte {
	t.Helper()
	m, err := binary.Decode(module, binary.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	out, err := meter.Rewrite(m, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := binary.Decode(out, binary.Bounds{Size: 64 << 20, Locals: 50_000, Table: 10_000}); err != nil {
		t.Fatalf("what is rewritten cannot be read: %v", err)
	}
	return out
}

// start compiles and instantiates a module; tick is what the host does.
func start(t testing.TB, module []byte, tick func()) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = r.Close(ctx) }) // it is of no use any more
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	_, err := r.NewHostModuleBuilder("meter").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) { tick() }), []api.ValueType{api.ValueTypeI32}, nil).Export("tick").Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mix := api.GoModuleFunc(func(_ context.Context, _ api.Module, stack []uint64) {
		stack[0] = api.EncodeI32(api.DecodeI32(stack[0])*31 + 7)
	})
	i32 := []api.ValueType{api.ValueTypeI32}
	if _, err := r.NewHostModuleBuilder("host").NewFunctionBuilder().WithGoModuleFunction(mix, i32, i32).Export("mix").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// goGuest is a module by Go's compiler, with a run-time of its own.
const goGuest = `package main

import (
	"encoding/json"
	"fmt"
	"sort"
)

//go:wasmexport run
func run(n int32) int32 {
	words := []string{}
	sum := int32(0)
	for i := range n {
		var v map[string]any
		if err := json.Unmarshal([]byte(fmt.Sprintf("{\"a\":%d,\"b\":[%q]}", i*i, fmt.Sprint(i))), &v); err != nil {
			panic(err)
		}
		sum += int32(v["a"].(float64))
		words = append(words, v["b"].([]any)[0].(string))
	}
	sort.Strings(words)
	for i, w := range words {
		sum = sum*31 + int32(i)*int32(w[0])
	}
	return sum
}

//go:wasmexport spin
func spin() {
	for i := 0; ; i++ {
		if i == -1 {
			return
		}
	}
}

func main() {}
`

func buildGo(t testing.TB, source string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": source, "go.mod": "module guest\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-o", "guest.wasm", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

var errKilled = errors.New("killed")

// What a module by a real compiler computes is the same, and it can be stopped.
func TestGoGuest(t *testing.T) {
	t.Parallel()
	module := buildGo(t, goGuest)
	began := time.Now()
	metered := rewrite(t, module, config)
	t.Logf("%d bytes became %d in %v", len(module), len(metered), time.Since(began))
	run := func(module []byte, ticks *atomic.Int64) uint64 {
		began := time.Now()
		m := start(t, module, func() { ticks.Add(1) })
		compiled := time.Since(began)
		began = time.Now()
		out, err := m.ExportedFunction("run").Call(t.Context(), 3000)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("compiled in %v, ran in %v", compiled, time.Since(began))
		return out[0]
	}
	var none, ticks atomic.Int64
	want, got := run(module, &none), run(metered, &ticks)
	if got != want {
		t.Errorf("run gives %d, metered %d", want, got)
	}
	if ticks.Load() == 0 {
		t.Error("there was no tick")
	}

	var kill atomic.Bool
	m := start(t, metered, func() {
		if kill.Load() {
			panic(errKilled)
		}
	})
	spun := make(chan error, 1)
	go func() {
		_, err := m.ExportedFunction("spin").Call(t.Context())
		spun <- err
	}()
	kill.Store(true)
	if err := <-spun; !errors.Is(err, errKilled) {
		t.Errorf("a spin ends with %v", err)
	}
	if !strings.Contains(string(metered), "main.spin") {
		t.Error("the names of functions are gone")
	}
}
