package project_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins/remote/project"
)

// No file of a project has a place that was not filled, and no name but the one that was said.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, l := range project.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "some", "folder")
			if err := project.New(dir, l, "hot-7"); err != nil {
				t.Fatal(err)
			}
			files := 0
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				files++
				data, err := os.ReadFile(path)
				if bytes.Contains(data, []byte("{{.")) || strings.HasSuffix(path, ".tmpl") {
					t.Errorf("%s has a place that is not filled", path)
				}
				return err
			})
			if err != nil || files < 8 {
				t.Errorf("there are %d files, %v", files, err)
			}
			pipeline, err := os.ReadFile(filepath.Join(dir, "pipeline", "main.hcl"))
			if err != nil || !strings.Contains(string(pipeline), `plugin "hot_7" {`) || !strings.Contains(string(pipeline), `"../bin/onstream-hot-7"`) {
				t.Errorf("the pipeline is %s, %v", pipeline, err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, name string
		l         project.Language
		want      string
	}{
		{filepath.Join(t.TempDir(), "7up"), "", project.Go, `"7up" is no name for a plugin: write letters, digits, underscores and hyphens, at most 64, with a letter first`},
		{t.TempDir(), "a'b", project.Node, `"a'b" is no name for a plugin: write letters, digits, underscores and hyphens, at most 64, with a letter first`},
		{t.TempDir(), "acme", "cobol", `there is no template for "cobol": write go, python or node, or see docs/PLUGINS.md for other languages`},
		{full, "acme", project.Go, full + " is not empty: name a folder that is not there"},
	} {
		if err := project.New(c.dir, c.l, c.name); err == nil || err.Error() != c.want {
			t.Errorf("it gives %v, not %s", err, c.want)
		}
	}
}

// goProgram makes a project in Go, and builds it by the recipe of the README, with a checkout and no network.
func goProgram(t *testing.T) (program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("short: it compiles")
	}
	dir := filepath.Join(t.TempDir(), "acme")
	if err := project.New(dir, project.Go, ""); err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs(filepath.Join("..", "..", ".."))
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
	program = filepath.Join(dir, "bin", "onstream-acme")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	inGo(t, dir, "mod", "edit", "-replace", "github.com/onstream/onstream="+checkout)
	inGo(t, dir, "build", "-mod=mod", "-o", program, ".")
	return program
}

// inGo runs the go command in the folder of a project.
func inGo(t *testing.T, dir string, words ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", words...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %q: %v\n%s", words, err, out)
	}
}

// The tests of a project in Go pass, and started by hand its program says what it is.
func TestGo(t *testing.T) {
	t.Parallel()
	program := goProgram(t)
	dir := filepath.Dir(filepath.Dir(program))
	inGo(t, dir, "vet", ".")
	inGo(t, dir, "test", ".")
	out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "acme_classify") {
		t.Errorf("started by hand it says %s, %v", out, err)
	}
}
