package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/onstream/onstream/bench/limit"
)

// foreignShare is how many times fewer records the modules of other hosts are given, which are called for each.
const foreignShare = 4

// foreign measures modules that were written for other hosts, with the work of P2: a plug-in of Extism in C and a data transform of Redpanda in
// Go. They are built by their compilers alone; one whose compiler or kit cannot be had is left out.
func (b *bench) foreign(ctx context.Context) error {
	records := max(1, b.records/foreignShare)
	in, err := b.input(records)
	if err != nil {
		return err
	}
	c := &contest{
		name:     "P4-foreign",
		records:  records,
		programs: []*program{byHand("by hand, key order guessed", in, limit.FilterMap{Guess: true}.Run)},
		verify:   sameContent,
	}
	for _, f := range []struct {
		name, abi string
		compilers []string
		fetches   bool // its kit from the module proxy
		build     func(ctx context.Context, out string) *exec.Cmd
	}{
		{name: extismPlugin, abi: "extism", compilers: []string{"clang", "wasm-ld"}, build: b.extism},
		{name: redpandaTransform, abi: "redpanda", compilers: []string{"go"}, fetches: true, build: b.redpanda},
	} {
		name, out := f.name, b.path(f.name+".wasm")
		if k := slices.IndexFunc(f.compilers, absent); k >= 0 {
			fmt.Fprintf(b.stdout, "\nP4: without the %s: %s is not there\n", name, f.compilers[k])
			continue
		}
		b.progress("P4: building %s", name)
		text, err := f.build(ctx, out).CombinedOutput()
		if err != nil && f.fetches {
			fmt.Fprintf(b.stdout, "\nP4: without the %s, whose kit cannot be had here: %v\n%s", name, err, text)
			continue
		}
		if err != nil {
			return fmt.Errorf("build the %s: %w\n%s", name, err, text)
		}
		c.programs = append(c.programs, b.ours(name, func(to string) string { return foreignModuleHCL(in, to, out, f.abi) }))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	b.judgeCost(c, extismPlugin, 5000)
	b.judgeCost(c, redpandaTransform, 3000)
	return nil
}

func absent(compiler string) bool {
	_, err := exec.LookPath(compiler)
	return err != nil
}

const (
	extismPlugin      = "Extism plug-in"
	redpandaTransform = "Redpanda transform"
)

func (b *bench) extism(ctx context.Context, out string) *exec.Cmd {
	return exec.CommandContext(ctx, "clang", "--target=wasm32", "-std=c11", "-O3", "-msimd128", "-ffreestanding", "-nostdlib", "-Wl,--no-entry", "-Wl,--strip-all",
		"-o", out, filepath.Join(b.guests, "extism", "plugin.c"))
}

func (b *bench) redpanda(ctx context.Context, out string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = filepath.Join(b.guests, "redpanda")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	return cmd
}
