//go:build unix

package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins/remote/project"
)

// What `onstream plugin new` makes is built as its README says, and its pipeline runs: in each language.
func TestProjectsRun(t *testing.T) {
	t.Parallel()
	for _, l := range project.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			at := t.TempDir()
			dir := filepath.Join(at, "acme")
			inFolder(t, at, "onstream", "plugin", "new", "--lang", string(l), "acme")
			buildProject(t, dir, l)
			inspected := inFolder(t, dir, "onstream", "plugin", "inspect", filepath.Join("bin", "onstream-acme"))
			for _, want := range []string{"acme", "meter", "classify", "journal"} {
				if !strings.Contains(inspected, want) {
					t.Errorf("inspect says nothing of %s:\n%s", want, inspected)
				}
			}
			inFolder(t, dir, "onstream", "run", filepath.Join("pipeline", "main.hcl"))
			readings(t, dir)
		})
	}
}

// readings checks what the pipeline of a project has written.
func readings(t *testing.T, dir string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "readings.jsonl"))
	if here := filepath.Join(dir, "readings.jsonl"); len(found) == 0 {
		found = []string{here}
	}
	text, readErr := os.ReadFile(found[0])
	if err != nil || readErr != nil {
		t.Fatal(err, readErr)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 30 {
		t.Fatalf("%d readings, not 30", len(lines))
	}
	levels := map[string]int{}
	for i, line := range lines {
		var r struct {
			Device, Level string
			N             int
			Temperature   *float64
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Device != "hall-3" || r.N != i || (r.Level == "unknown") != (r.Temperature == nil) {
			t.Errorf("%s: %v", line, err)
		}
		levels[r.Level]++
	}
	if levels["unknown"] != 3 || levels["warm"] == 0 || levels["ok"] == 0 || levels["hot"] == 0 {
		t.Errorf("levels: %v", levels)
	}
}

// buildProject builds the program of a project without the network: Go with this checkout, the others with the packages that
// scripts/toolchains has fetched. Where these are not there, the test is skipped, unless all are to be there.
func buildProject(t *testing.T, dir string, l project.Language) {
	t.Helper()
	if l == project.Go {
		if testing.Short() {
			t.Skip("short: it compiles")
		}
		checkout, err := filepath.Abs("..")
		if err != nil {
			t.Fatal(err)
		}
		sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
			t.Fatal(err)
		}
		inFolder(t, dir, "go", "mod", "edit", "-replace", "github.com/onstream/onstream="+checkout)
		inFolder(t, dir, "go", "build", "-mod=mod", "-o", "bin/onstream-acme", ".")
		return
	}
	variable, link, words := "ONSTREAM_PYTHON", ".venv", []string{"python3", "build.py"}
	if l == project.Node {
		variable, link, words = "ONSTREAM_NODE", "node_modules", []string{"node", "build.js"}
	}
	packages := os.Getenv(variable)
	if packages == "" {
		if os.Getenv("ONSTREAM_TOOLCHAINS") == "all" {
			t.Fatalf("there are no packages: %s is to name them", variable)
		}
		t.Skipf("the packages are not there: scripts/toolchains install %s, then eval \"$(scripts/toolchains env)\"", l)
	}
	if err := os.Symlink(packages, filepath.Join(dir, link)); err != nil {
		t.Fatal(err)
	}
	inFolder(t, dir, words...)
}

// inFolder runs a command, which is to succeed, in a folder.
func inFolder(t *testing.T, dir string, words ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}
