//go:build unix

package project_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins/remote/project"
)

// interpreted are the languages whose projects speak the protocol with a runtime of their own.
var interpreted = []project.Language{project.Python, project.Node}

// made makes a project with more kinds beside it, which misbehave, and builds its program. Where the interpreter or its packages are not there, the test is
// skipped, unless all are to be there.
func made(t *testing.T, l project.Language) (dir, program string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "acme")
	if err := project.New(dir, l, ""); err != nil {
		t.Fatal(err)
	}
	linkPackages(t, dir, l)
	return dir, build(t, dir, l)
}

// linkPackages gives a project the packages that scripts/toolchains has fetched: nothing is fetched in a test.
func linkPackages(t *testing.T, dir string, l project.Language) {
	t.Helper()
	from, to := map[project.Language]string{project.Python: "ONSTREAM_PYTHON", project.Node: "ONSTREAM_NODE"}[l], ".venv"
	if l == project.Node {
		to = "node_modules"
	}
	packages := os.Getenv(from)
	if packages == "" {
		if os.Getenv("ONSTREAM_TOOLCHAINS") == "all" {
			t.Fatalf("there are no packages: %s is to name them", from)
		}
		t.Skipf("the packages are not there: scripts/toolchains install %s, then eval \"$(scripts/toolchains env)\"", l)
	}
	if err := os.Symlink(packages, filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

// build builds the program of a project.
func build(t *testing.T, dir string, l project.Language) string {
	t.Helper()
	words := map[project.Language][]string{project.Python: {"python3", "build.py"}, project.Node: {"node", "build.js"}}[l]
	run(t, dir, words...)
	return filepath.Join(dir, "bin", "onstream-acme")
}

// run runs a command in a folder.
func run(t *testing.T, dir string, words ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

// The tests of a project pass, its start script starts no sources but those it was built of, and started by hand it says what it is.
func TestInterpreted(t *testing.T) {
	t.Parallel()
	for _, l := range interpreted {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			dir, program := made(t, l)
			check, test, name := []string{"python3", "build.py", "--check"}, []string{".venv/bin/python", "-m", "unittest"}, "main.py"
			if l == project.Node {
				check, test, name = []string{"node", "build.js", "--check"}, []string{"node", "--test"}, "main.js"
			}
			run(t, dir, check...)
			run(t, dir, test...)
			by := exec.CommandContext(t.Context(), program)
			out, err := by.CombinedOutput()
			if err == nil || by.ProcessState.ExitCode() != 2 || !strings.HasPrefix(string(out), "this is acme 0.1.0, a plugin for onstream, with: source meter, transform classify, sink journal\n") {
				t.Errorf("started by hand it says %s, %v", out, err)
			}
			f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			want := name + " has changed since the plugin was built: run " + strings.Join(check[:2], " ") + " in " + dir
			if out, err := exec.CommandContext(t.Context(), program).CombinedOutput(); err == nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("with other sources it says %s, %v, not %s", out, err, want)
			}
		})
	}
}
