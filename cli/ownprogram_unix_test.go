//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwnProgram builds the example of a program that adds a kind, and runs its
// pipeline: every command knows the kind.
func TestOwnProgram(t *testing.T) {
	t.Parallel()
	program, example := filepath.Join(t.TempDir(), "own-bus"), filepath.Join(root(t), "examples", "own-bus")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, example).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"kinds", "channel"}, {"validate", example}, {"plan", example}} {
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
	for said, args := range map[string][]string{
		"own-bus run examples/quickstart": {"--help"},
		"see own-bus run --help":          {"run"},
		"own-bus: connector.bus: the channels are inside the process that runs the pipeline": {"topic", "produce", "plant.readings", "--via", "connector.bus", example},
	} {
		if out, _ := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); !strings.Contains(string(out), said) {
			t.Errorf("%q does not say %q:\n%s", args, said, out)
		}
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "out")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(t.Context(), program, "run", example)
	var talk said
	cmd.Stdout, cmd.Stderr = out, &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return strings.Count(read(t, name), "\n") == 20 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &talk)
	}
}
