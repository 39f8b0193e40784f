package sdk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/project"
)

var languages = []string{"go", "c", "rust", "assemblyscript"}

// guests are the folders of the projects that each SDK has, and of the vectors that these pass.
var guests = []struct{ project, vectors string }{
	{"vectors/records", "records"},
	{"vectors/columns", "columns"},
	{"vectors/selection", "selection"},
	{"vectors/events", "events"},
	{"anomaly", "anomaly"},
}

// The guests of all languages do the same, byte for byte.
func TestVectors(t *testing.T) {
	t.Parallel()
	cache, asking := t.TempDir(), asks(t)
	for _, g := range guests {
		for _, language := range languages {
			t.Run(language+"/"+g.vectors, func(t *testing.T) {
				t.Parallel()
				skipShort(t, language+"/"+g.vectors)
				module := build(t, filepath.Join(language, filepath.FromSlash(g.project)))
				run(t, module, cache, filepath.Join("vectors", g.vectors))
				if g.vectors == "events" {
					check(t, golden.Config{Module: module, CacheDir: cache}, asking)
				}
			})
		}
	}
}

// asks returns rows that ask a host which the stage grants, and one that it does not.
func asks(t *testing.T) *golden.File {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/long":
			body = bytes.Repeat(body, 10_000)
		case "/none":
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.Path, r.Header.Get("X-Test"), body)
	}))
	t.Cleanup(server.Close)
	rows := fmt.Sprintf(`{"grant": ["http:%s"], "limits": {"time": "60s"}, "steps": [
		{"records": [{"value": "ask GET http://%[1]s/a "}, {"value": "ask POST http://%[1]s/b one two"}, {"value": "ask GET http://%[1]s/none "}],
		 "want": [{"value": "200 GET /a yes "}, {"value": "200 POST /b yes one two"}, {"value": "404 GET /none yes "}]},
		{"records": [{"value": "ask PUT http://%[1]s/long x"}], "want": [{"value": ["200 PUT /long yes ", {"text": "x", "repeat": 10000}]}]},
		{"records": [{"value": "ask GET http://another.example/ "}],
		 "want": [{"value": "0 the host another.example is not granted: write grant = [\"http:another.example\"], if it may be asked"}]}]}`, server.Listener.Addr())
	f, err := golden.Parse("asking hosts", []byte(rows))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// skipShort leaves a guest out where tests are to be short: it takes compilers their time to build it, and to make it machine code.
func skipShort(t *testing.T, guest string) {
	t.Helper()
	if testing.Short() && guest != "go/records" {
		t.Skip("compilers take their time")
	}
}

// build compiles a project. Without its compiler the test is skipped, unless all of them are said to be there.
func build(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "behaviour.wasm")
	err := project.Build(t.Context(), dir, out)
	var missing *project.MissingError
	switch {
	case err == nil:
		return out
	case errors.As(err, &missing) && os.Getenv("ONSTREAM_TOOLCHAINS") != "all":
		t.Skipf("%v", err)
	default:
		t.Fatal(err)
	}
	return ""
}

// run runs the golden rows of a folder.
func run(t *testing.T, module, cache, dir string) {
	t.Helper()
	rows := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		f, err := golden.Read(path)
		if err != nil {
			return err
		}
		check(t, golden.Config{Module: module, CacheDir: cache}, f)
		rows += f.Steps()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if rows == 0 {
		t.Errorf("%s has no golden rows", dir)
	}
}

func check(t *testing.T, c golden.Config, f *golden.File) {
	t.Helper()
	found, err := golden.Run(t.Context(), c, f)
	if err != nil {
		t.Error(err)
	}
	for _, m := range found {
		t.Error(m)
	}
}
