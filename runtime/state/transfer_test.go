package state_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

const exportedSteps = 9

func fillStore(t testing.TB, dir, pipeline string, steps int64) {
	t.Helper()
	s, err := state.Open(dir, pipeline, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := write(s, steps, true); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// exported returns an export after some steps, by the third run.
func exported(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i := range int64(3) {
		fillStore(t, dir, "p", exportedSteps-2+i)
	}
	s, err := state.Open(dir, "p", state.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	lines := int64(0)
	if err := s.Export(&b, "p", func(n int64) { lines = n }); err != nil {
		t.Fatal(err)
	}
	if got := int64(strings.Count(b.String(), "\n")); got != lines {
		t.Fatalf("%d lines, %d were counted", got, lines)
	}
	return b.String()
}

// contentOf reads a store without claiming an epoch.
func contentOf(t *testing.T, dir, pipeline string) (m model, epoch int64) {
	t.Helper()
	s, err := state.Open(dir, pipeline, state.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if m, err = read(s); err != nil {
		t.Fatal(err)
	}
	return m, s.Epoch()
}

func TestImport(t *testing.T) {
	t.Parallel()
	text := exported(t)
	want := models(exportedSteps)[exportedSteps]
	dir := t.TempDir()
	if err := state.Import(dir, "a b", strings.NewReader(text), state.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	got, epoch := contentOf(t, dir, "a b")
	if !maps.Equal(got, want) {
		t.Fatalf("imported\n%s, want\n%s", got, want)
	}
	if epoch <= 3 {
		t.Fatalf("epoch %d; what was exported had 3", epoch)
	}
	for range 5 {
		fillStore(t, dir, "other", 2)
	}
	spool := filepath.Join(state.Folder(dir, "other"), "spool")
	if err := os.Mkdir(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	err := state.Import(dir, "other", strings.NewReader(text), state.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "--replace puts the imported state in its place") {
		t.Fatalf("a store was replaced: %v", err)
	}
	if err := state.Import(dir, "other", strings.NewReader(text), state.ImportOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	if got, epoch = contentOf(t, dir, "other"); !maps.Equal(got, want) || epoch <= 5 {
		t.Fatalf("in place of one of epoch 5, epoch %d was imported and\n%s, want\n%s", epoch, got, want)
	}
	if _, err := os.Stat(spool); err != nil {
		t.Fatal("what others have in the folder is gone")
	}
	if names, err := state.Pipelines(dir); err != nil || strings.Join(names, ",") != "a b,other" {
		t.Fatalf("pipelines %q, %v", names, err)
	}
}

// An export that was changed, or is not whole, changes nothing.
func TestImportOfDamaged(t *testing.T) {
	t.Parallel()
	text := exported(t)
	dir := t.TempDir()
	fillStore(t, dir, "p", 4)
	want, _ := contentOf(t, dir, "p")
	for what, damaged := range map[string]string{
		"empty":           "",
		"cut":             text[:len(text)*2/3],
		"without its end": text[:strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1],
		"changed":         strings.Replace(text, `"space":1`, `"space":2`, 1),
		"twice":           text + text,
		"newer":           strings.Replace(text, `"onstream_state":1`, `"onstream_state":2`, 1),
		"something else":  "{}\n{}\n",
	} {
		err := state.Import(dir, "p", strings.NewReader(damaged), state.ImportOptions{Replace: true})
		if err == nil {
			t.Errorf("an export that is %s was imported", what)
			continue
		}
		if got, _ := contentOf(t, dir, "p"); !maps.Equal(got, want) {
			t.Errorf("an export that is %s has changed the store (%v)", what, err)
		}
		empty := t.TempDir()
		spool := filepath.Join(empty, "q", "spool")
		if err := os.MkdirAll(spool, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{"a/b", "q"} {
			if err := state.Import(filepath.Join(empty, filepath.Dir(folder)), filepath.Base(folder), strings.NewReader(damaged), state.ImportOptions{}); err == nil {
				t.Errorf("an export that is %s was imported", what)
			}
		}
		if left := pathsIn(t, empty); !slices.Equal(left, []string{"q", "q/spool"}) {
			t.Errorf("an export that is %s leaves %s behind", what, left)
		}
	}
}

// pathsIn returns what is in a folder, and in those in it.
func pathsIn(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		if path != "." {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// Positions that are of no use where they are imported stay out.
func TestImportWithoutPositions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var asked []string
	err := state.Import(dir, "p", strings.NewReader(exported(t)), state.ImportOptions{LeaveOut: func(addr string, p plugins.Partition, at plugins.Position) bool {
		asked = append(asked, fmt.Sprintf("%s %s %d %s", addr, p.Name, p.ID, at))
		return p.ID == 1
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(asked)
	if want := []string{theSource + " file 0 at 9", theSource + " file 1 at 7", theSource + " file 2 at 8"}; !slices.Equal(asked, want) {
		t.Errorf("it asks for %q, want %q", asked, want)
	}
	got, _ := contentOf(t, dir, "p")
	want := models(exportedSteps)[exportedSteps]
	delete(want, positionLine(plugins.Partition{Name: "file", ID: 1, Epoch: 7 / 5}))
	if !maps.Equal(got, want) {
		t.Errorf("imported\n%s, want\n%s", got, want)
	}
}

// An import that was killed while it put the new store in place of the old.
func TestHalfExchange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fillStore(t, dir, "p", 4)
	want, _ := contentOf(t, dir, "p")
	folder := state.Folder(dir, "p")
	if err := os.Mkdir(filepath.Join(folder, "import"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(folder, "checkpoint"), filepath.Join(folder, "import", "replaced")); err != nil {
		t.Fatal(err)
	}
	fillStore(t, dir, "p", 4)
	if got, _ := contentOf(t, dir, "p"); !maps.Equal(got, want) {
		t.Fatalf("the store holds\n%s, want\n%s", got, want)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fillStore(t, dir, "p", 2)
	s, err := state.Open(dir, "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Remove(dir, "p"); err == nil {
		t.Fatal("a store that is open was removed")
	}
	closeStore(t, s)
	if err := state.Remove(dir, "p"); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Fatalf("what is left: %v, %v", entries, err)
	}
}

// Any name has a folder of its own, and the folder tells the name.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seen := map[string]string{}
	for _, name := range []string{"", "%", ".", "..", "a/b", "a%2Fb", "ä", "A b", ".hidden", "con:1", "\x00", "fleet-1.2_x"} {
		folder := state.Folder(dir, name)
		if filepath.Dir(folder) != dir {
			t.Errorf("%q has the folder %s", name, folder)
		}
		if other, ok := seen[folder]; ok {
			t.Errorf("%q and %q have the folder %s", name, other, folder)
		}
		seen[folder] = name
		gotDir, got, err := state.Locate(folder)
		if err != nil || got != name || gotDir != dir {
			t.Errorf("the folder of %q is that of %q in %s: %v", name, got, gotDir, err)
		}
	}
	if _, _, err := state.Locate(filepath.Join(dir, "a b")); err == nil {
		t.Error("a folder that is no pipeline's was taken for one")
	}
}
