package lookups_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/lookups"
)

func fileKind(t testing.TB) plugins.LookupKind {
	t.Helper()
	var r plugins.Registry
	if err := lookups.Register(&r); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Lookup("file")
	if !ok {
		t.Fatal("there is no kind file")
	}
	return k
}

func TestKindsAreDocumented(t *testing.T) {
	t.Parallel()
	k := fileKind(t)
	if k.Schema.Doc == "" || !strings.HasPrefix(k.Schema.Example, `lookup "file" {`) {
		t.Error("file has no documentation or example")
	}
	for _, a := range k.Schema.Attrs {
		if !strings.HasSuffix(a.Doc, ".") {
			t.Errorf("%s: the doc %q is no sentence", a.Name, a.Doc)
		}
	}
}

// config is the configuration of a file with the id "id".
func config(path string, kv ...any) plugins.Config {
	m := map[string]any{"path": path, "id": "id", "delimiter": ",", "reload": time.Second, "max_size": int64(1 << 20)}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return plugins.NewConfig(m)
}

// clock is the pipeline's clock, and its log.
type clock struct {
	sync.Mutex
	now time.Time
	log bytes.Buffer
}

func (c *clock) env() plugins.Env {
	return plugins.Env{
		Now:    func() time.Time { c.Lock(); defer c.Unlock(); return c.now },
		Logger: slog.New(slog.NewTextHandler(c, nil)),
		Pool:   new(plugins.Pool),
	}
}

// Write implements [io.Writer] for the log.
func (c *clock) Write(p []byte) (int, error) { c.Lock(); defer c.Unlock(); return c.log.Write(p) }

func (c *clock) advance(d time.Duration) { c.Lock(); defer c.Unlock(); c.now = c.now.Add(d) }

func (c *clock) logged() string { c.Lock(); defer c.Unlock(); return c.log.String() }

func open(t *testing.T, c plugins.Config, env plugins.Env) plugins.Lookup {
	t.Helper()
	l, err := fileKind(t).New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// write replaces a file, with a time of its own for each content.
func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func text(s string) plugins.Value { return plugins.Value{Kind: plugins.String, Text: s} }

// find returns what is found for one key, "" for nothing.
func find(t *testing.T, l plugins.Lookup, key plugins.Value) (record string) {
	t.Helper()
	other := text("there is no such key")
	err := l.Find(t.Context(), []plugins.Value{other, key, other}, func(i int, r []byte) {
		if i != 1 {
			t.Errorf("key %d was found", i)
		}
		record = string(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestFile(t *testing.T) {
	t.Parallel()
	types := map[string]string{"limit": "float", "since": "time", "n": "int", "on": "bool"}
	tests := []struct {
		name, file, content string
		attrs               []any
		key                 plugins.Value
		want                string
	}{
		{"csv", "a.csv", "id,site\nd1,oslo\nd2,\"a \"\"b\"\"\"\n", nil, text("d2"), `{"id":"d2","site":"a \"b\""}`},
		{"an empty cell is null", "a.CSV", "id,site\r\nd1,\r\n", nil, text("d1"), `{"id":"d1","site":null}`},
		{"byte order mark", "a.csv", "\ufeffid\nd1\n", nil, text("d1"), `{"id":"d1"}`},
		{"delimiter", "a.csv", "id;site\n7;x\n", []any{"delimiter", ";"}, plugins.Value{Kind: plugins.Int, Int: 7}, `{"id":"7","site":"x"}`},
		{"typed", "a.csv", "id,limit,since,n,on\nd1,7,2026-01-01T00:00:00Z,3,true\n", []any{"types", types}, text("d1"), `{"id":"d1","limit":7,"since":"2026-01-01T00:00:00Z","n":3,"on":true}`},
		{"json lines", "a.ndjson", "{\"id\":\"d1\"}\n\n{\"id\":\"d2\",\"x\":[1]}\n", nil, text("d2"), `{"id":"d2","x":[1]}`},
		{"json array", "a.json", "[\n {\"id\": \"d1\", \"x\": {\"y\": 1}},\n {\"id\": 7}\n]\n", nil, text("7"), `{"id": 7}`},
		{"an empty array", "a.json", " [ ] ", nil, text("7"), ""},
		{"the last of one id", "a.csv", "id,site\nd1,oslo\nd1,rome\n", nil, text("d1"), `{"id":"d1","site":"rome"}`},
		{"named format", "a.txt", "{\"id\":true}", []any{"format", "json"}, plugins.Value{Kind: plugins.Bool, Int: 1}, `{"id":true}`},
		{"an empty file", "a.ndjson", "", nil, text("d1"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), tt.file)
			write(t, path, tt.content)
			var c clock
			if got := find(t, open(t, config(path, tt.attrs...), c.env()), tt.key); got != tt.want {
				t.Errorf("found %s, want %s", got, tt.want)
			}
			if doubled := strings.Contains(c.logged(), "more than once"); doubled != (tt.name == "the last of one id") {
				t.Errorf("logged: %s", c.logged())
			}
		})
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	types := []any{"types", map[string]string{"limit": "float"}}
	tests := []struct {
		name, file, content string
		attrs               []any
		want                string // of the error, besides the path
	}{
		{"no header", "a.csv", "", nil, "line 1: there is no header row"},
		{"no such column", "a.csv", "device\nd1\n", nil, "line 2: the record has no id"},
		{"an empty id", "a.csv", "id,x\nd1,1\n,2\n", nil, "line 3: the record has no id"},
		{"too few cells", "a.csv", "id,x\nd1\n", nil, "line 2: row has 1 column"},
		{"a wrong type", "a.csv", "id,limit\nd1,1\nd2,high\n", types, "line 3: field limit"},
		{"a wrong type in json", "a.json", "[{\"id\":1},\n{\"id\":2,\"limit\":\"x\"}]", types, "line 2: field limit"},
		{"no json", "a.ndjson", "{\"id\":1}\n{\"id\":\n", nil, "line 2:"},
		{"no object", "a.json", "[1]", nil, "line 1: record is not a JSON object"},
		{"no comma", "a.json", "[{}\n{}]", nil, "line 2: an element of the array"},
		{"no end", "a.json", "[{}\n", nil, "line 2: an element of the array"},
		{"more behind the end", "a.json", "[]\nx", nil, "line 2: there is something behind"},
		{"too large", "a.csv", "id\nd1\n", []any{"max_size", int64(3)}, "raise max_size"},
		{"not there", "", "", nil, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "missing.csv")
			if tt.file != "" {
				path = filepath.Join(filepath.Dir(path), tt.file)
				write(t, path, tt.content)
			}
			l := open(t, config(path, tt.attrs...), new(clock).env())
			find := l.Find(t.Context(), []plugins.Value{text("d1")}, func(int, []byte) {})
			start := l.(plugins.Opener).Open(t.Context())
			for _, err := range []error{find, start} {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v, want one with %q and the path", err, tt.want)
				}
			}
			if !plugins.IsPermanent(start) {
				t.Error("the pipeline would start")
			}
		})
	}
}

func TestFileType(t *testing.T) {
	t.Parallel()
	got, err := fileKind(t).Type(config("a.csv", "types", map[string]string{"b": "float", "a": "time"}))
	if want := "any"; err != nil || got.String() != want || len(got.Fields) != 2 || got.Fields[1].Type.String() != "optional(float)" {
		t.Errorf("type %v %v, error %v", got, got.Fields, err)
	}
	for want, c := range map[string]plugins.Config{
		`x has the type "number"`: config("a.csv", "types", map[string]string{"x": "number"}),
		"set format":              config("a.txt"),
	} {
		if _, err := fileKind(t).Type(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A changed file counts as a whole, once it is looked at again; a broken one is
// logged once and does not count.
func TestFileReload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	write(t, path, "id,v\na,1\n")
	var c clock
	l := open(t, config(path), c.env())
	version := func() int64 { return l.(plugins.Versioned).Version() }
	expect := func(v int64, want string) {
		t.Helper()
		if got := find(t, l, text("a")); got != want || version() != v {
			t.Errorf("version %d: %s; want %d: %s", version(), got, v, want)
		}
	}
	expect(1, `{"id":"a","v":"1"}`)
	write(t, path, "id,v\na,12\n")
	expect(1, `{"id":"a","v":"1"}`)
	c.advance(time.Second)
	expect(2, `{"id":"a","v":"12"}`)
	c.advance(time.Second)
	expect(2, `{"id":"a","v":"12"}`)

	write(t, path, "id,v\na\n")
	for range 3 {
		c.advance(time.Second)
		expect(2, `{"id":"a","v":"12"}`)
	}
	if n := strings.Count(c.logged(), "line 2: row has 1 column"); n != 1 {
		t.Errorf("the broken file is logged %d times: %s", n, c.logged())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.advance(time.Second)
		expect(2, `{"id":"a","v":"12"}`)
	}
	if n := strings.Count(c.logged(), "no such file"); n != 1 {
		t.Errorf("the missing file is logged %d times: %s", n, c.logged())
	}
	write(t, path, "id,v\nb,123\n")
	c.advance(time.Second)
	expect(3, "")
}

// While a file is replaced again and again, every answer is of one version of
// it.
func TestFileReloadWhileAsked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.ndjson")
	content := func(v int) string {
		return fmt.Sprintf("{\"id\":\"a\",\"v\":%d}\n{\"id\":\"b\",\"v\":%d}\n%s", v, v, strings.Repeat("\n", v))
	}
	write(t, path, content(0))
	var c clock
	l := open(t, config(path), c.env())
	ctx, stop := context.WithCancel(t.Context())
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			for ctx.Err() == nil {
				var got [2]string
				err := l.Find(ctx, []plugins.Value{text("a"), text("b")}, func(i int, r []byte) { got[i] = string(r) })
				if err != nil || strings.Replace(got[0], `"a"`, `"b"`, 1) != got[1] {
					t.Errorf("got %s and %s, error %v", got[0], got[1], err)
					return
				}
			}
		})
	}
	for v := range 50 {
		write(t, path, content(v+1))
		c.advance(time.Second)
		if want := fmt.Sprintf(`{"id":"a","v":%d}`, v+1); find(t, l, text("a")) != want {
			// Another asker reads it now.
			for find(t, l, text("a")) != want {
				c.advance(time.Second)
			}
		}
	}
	stop()
	askers.Wait()
}

// Whatever is in a file, it is read or it is an error; what is found is an
// object.
func FuzzFile(f *testing.F) {
	for _, s := range []string{"id,v\na,1\n", "{\"id\":\"a\"}\n", "[{\"id\":1,\"v\":2.5}]", "[{}\n]", "id\n\"a\n"} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	var number atomic.Int64
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, format := range []string{"csv", "json"} {
			path := filepath.Join(dir, fmt.Sprint(number.Add(1)))
			write(t, path, string(content))
			l := open(t, config(path, "format", format, "types", map[string]string{"v": "float"}), new(clock).env())
			err := l.Find(t.Context(), []plugins.Value{text("a"), text("1")}, func(_ int, record []byte) {
				if !json.Valid(record) || record[0] != '{' {
					t.Errorf("found %q", record)
				}
			})
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("the error %v does not name the file", err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	})
}
