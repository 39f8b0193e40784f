package sources_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

func TestFilesAreReadInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b.json"), "3\r\n\n4")
	write(t, filepath.Join(dir, "a.json"), "\ufeff1\n2\n")
	write(t, filepath.Join(dir, "c.csv"), "no")
	if err := os.Mkdir(filepath.Join(dir, "d.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := newOutlet()
	s := start(t, "file", environment(), "path", []string{filepath.Join(dir, "*.json"), filepath.Join(dir, "a.json")})
	if err := s.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := o.values(); got != "1 2 3 4" {
		t.Errorf("records %q", got)
	}
	offsets := []int64{3, 5, 0, 4}
	for k, r := range o.records {
		if r.offset != offsets[k] || !strings.HasPrefix(r.part.Name, dir) {
			t.Errorf("record %d: %+v, want offset %d", k, r, offsets[k])
		}
	}
	if len(o.done) != 2 {
		t.Errorf("partitions done: %v", o.done)
	}
	if done, total := s.(plugins.Progresser).Progress(); done != 12 || total != 12 {
		t.Errorf("progress %d of %d", done, total)
	}
}

// compressions are ways to write a file, by suffix.
var compressions = map[string]func(content []byte) []byte{
	"": func(c []byte) []byte { return c },
	".gz": func(c []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		half := len(c) / 2
		_, _ = w.Write(c[:half])
		_ = w.Close()
		w.Reset(&b) // two members: as tools that append write them
		_, _ = w.Write(c[half:])
		_ = w.Close()
		return b.Bytes()
	},
	".zst": func(c []byte) []byte {
		w, _ := zstd.NewWriter(nil)
		defer w.Close()
		return w.EncodeAll(c, nil)
	},
}

// text returns lines of various lengths, some longer than a chunk.
func text(lines int) []byte {
	var b bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range lines {
		n := rng.IntN(200)
		if i%1000 == 500 {
			n = 400_000
		}
		fmt.Fprintf(&b, "%d %s\n", i, strings.Repeat("x", n))
	}
	return b.Bytes()
}

func TestFilePositionIsExact(t *testing.T) {
	t.Parallel()
	content := text(8000)
	want := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	for suffix, compress := range compressions {
		t.Run("data"+suffix, func(t *testing.T) {
			t.Parallel()
			path := inDir(t, "data"+suffix)
			write(t, path, string(compress(content)))
			whole := newOutlet()
			if err := start(t, "file", environment(), "path", []string{path}).Run(t.Context(), whole); err != nil {
				t.Fatal(err)
			}
			if len(whole.records) != len(want) || whole.batches < 5 {
				t.Fatalf("%d records in %d batches", len(whole.records), whole.batches)
			}
			offset := int64(0)
			for k, r := range whole.records {
				if r.value != want[k] || r.offset != offset || r.failure != "" {
					t.Fatalf("record %d is %.100v, want offset %d", k, r, offset)
				}
				offset += int64(len(want[k]) + 1)
			}
			at := 0
			for at < len(whole.records) { // once for each delivery
				next := whole.next[at]
				for at < len(whole.records) && string(whole.next[at]) == string(next) {
					at++
				}
				if at%3 != 0 && at < len(whole.records) {
					continue // a third of them tells enough
				}
				rest := newOutlet()
				s := start(t, "file", environment(), "path", []string{path})
				if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path}: next}); err != nil {
					t.Fatal(err)
				}
				if err := s.Run(t.Context(), rest); err != nil {
					t.Fatal(err)
				}
				if len(rest.records) != len(want)-at {
					t.Fatalf("%d records after %d of %d", len(rest.records), at, len(want))
				}
				if at < len(want) && rest.records[0] != whole.records[at] {
					t.Fatalf("resumed at %.100v, want %.100v", rest.records[0], whole.records[at])
				}
			}
		})
	}
}

// TestFileOfNothing reads files without a byte: no records, whatever their names.
func TestFileOfNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"data", "data.gz", "data.zst"} {
		path := inDir(t, name)
		write(t, path, "")
		o := newOutlet()
		if err := start(t, "file", environment(), "path", []string{path}).Run(t.Context(), o); err != nil || len(o.records) != 0 || len(o.done) != 1 {
			t.Errorf("%s: %v, %d records, %d done", name, err, len(o.records), len(o.done))
		}
	}
}

func TestFileWithPreamble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv.gz")
	write(t, a, "x,y\n1,2\n"+strings.Repeat("3,4\n", 100_000))
	write(t, b, string(compressions[".gz"]([]byte("y,x\n5,6\n"))))
	write(t, filepath.Join(dir, "c.csv"), "only,names\n")
	env := environment()
	env.Framing.Preamble = true
	o := newOutlet()
	if err := start(t, "file", env, "path", []string{filepath.Join(dir, "*.csv*")}).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(o.records) != 100_002 {
		t.Fatalf("%d records", len(o.records))
	}
	for _, r := range o.records {
		if want := map[string]string{a: "x,y", b: "y,x"}[r.part.Name]; r.preamble != want {
			t.Fatalf("record %+v, want preamble %q", r, want)
		}
	}
	for path, from := range map[string]int{a: 0, b: len(o.records) - 1} {
		s := start(t, "file", env, "path", []string{path})
		if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path}: o.next[from]}); err != nil {
			t.Fatal(err)
		}
		rest := newOutlet()
		if err := s.Run(t.Context(), rest); err != nil {
			t.Fatal(err)
		}
		if path == a && (len(rest.records) == 0 || rest.records[0].preamble != "x,y") || path == b && len(rest.records) != 0 {
			t.Errorf("%s resumed with %d records, the first %+v", path, len(rest.records), last(rest.records))
		}
	}
}

func TestFileRecordTooLarge(t *testing.T) {
	t.Parallel()
	const huge = 100 << 20
	path := inDir(t, "data")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("y"), 1<<20)
	fmt.Fprintf(f, "first\n")
	for range huge / len(line) {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintf(f, "\r\nsecond\n%s\nthird\n%s", strings.Repeat("z", 5000), strings.Repeat("w", 3<<20))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	o := newOutlet()
	if err := start(t, "file", environment(), "path", []string{path}, "max_record_size", int64(4096)).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		begin  string
		length int
		size   int
		offset int64
	}{
		{"first", 5, 0, 0},
		{"yyyy", 64 << 10, huge, 6},
		{"second", 6, 0, huge + 8},
		{"zzzz", 5000, 5000, huge + 15},
		{"third", 5, 0, huge + 5016},
		{"wwww", 64 << 10, 3 << 20, huge + 5022},
	}
	if len(o.records) != len(want) {
		t.Fatalf("%d records", len(o.records))
	}
	for k, r := range o.records {
		w := want[k]
		failure := ""
		if w.size > 0 {
			failure = fmt.Sprintf("too_large: the record has %d bytes, more than the 4096 of max_record_size; its begin is kept", w.size)
		}
		if !strings.HasPrefix(r.value, w.begin) || len(r.value) != w.length || r.failure != failure || r.offset != w.offset {
			t.Errorf("record %d: %d bytes at %d, %q; want %+v", k, len(r.value), r.offset, r.failure, w)
		}
	}
	// Resuming right behind the large record finds the same.
	s := start(t, "file", environment(), "path", []string{path}, "max_record_size", int64(4096))
	if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path}: o.next[0]}); err != nil {
		t.Fatal(err)
	}
	rest := newOutlet()
	if err := s.Run(t.Context(), rest); err != nil || len(rest.records) != len(want)-1 || rest.records[1] != o.records[2] {
		t.Errorf("resumed: %v, %d records", err, len(rest.records))
	}
}

func TestFileErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := compressions[".gz"]([]byte(strings.Repeat("a record\n", 10000)))
	write(t, filepath.Join(dir, "short.gz"), string(data[:len(data)-10]))
	write(t, filepath.Join(dir, "plain.gz"), "not compressed")
	damaged := compressions[".zst"]([]byte(strings.Repeat("a record\n", 10000)))
	damaged[len(damaged)/2] ^= 0x55
	write(t, filepath.Join(dir, "damaged.zst"), string(damaged))
	write(t, filepath.Join(dir, "secret"), "1\n")
	for _, c := range []struct {
		path string
		says []string
	}{
		{"missing.json", []string{"missing.json", "check the path"}},
		{"*.json", []string{"no file matches", "*.json", "follow = true"}},
		{"short.gz", []string{"read " + filepath.Join(dir, "short.gz") + " at byte 9", "breaks off", "restore the file"}},
		{"plain.gz", []string{"plain.gz", "not compressed with gzip", `compression = "none"`}},
		{"damaged.zst", []string{"damaged.zst at byte ", "damaged"}},
		{".", []string{"it is a directory", "*.json"}},
	} {
		o := newOutlet()
		err := start(t, "file", environment(), "path", []string{filepath.Join(dir, c.path)}).Run(t.Context(), o)
		if err == nil {
			t.Errorf("%s: no error", c.path)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: error %q does not say %q", c.path, err, s)
			}
		}
		if c.path == "short.gz" && len(o.records) != 9999 && len(o.records) != 10000 {
			t.Errorf("%d records before the error", len(o.records))
		}
	}
	unreadable := filepath.Join(dir, "secret")
	if err := os.Chmod(unreadable, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(unreadable); err == nil {
		f.Close()
		t.Log("this user may read everything: permissions are not tested")
		return
	}
	err := start(t, "file", environment(), "path", []string{unreadable}).Run(t.Context(), newOutlet())
	if err == nil || !strings.Contains(err.Error(), "let the user that runs onstream read it") {
		t.Errorf("error %v", err)
	}
}

func TestFileResumeErrors(t *testing.T) {
	t.Parallel()
	path := inDir(t, "data")
	write(t, path, strings.Repeat("a\n", 1000))
	o := newOutlet()
	if err := start(t, "file", environment(), "path", []string{path}).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	at := last2(o.next)
	run := func(p plugins.Position) (*outlet, error) {
		s := start(t, "file", environment(), "path", []string{path})
		if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{{Name: path}: p}); err != nil {
			return nil, err
		}
		o := newOutlet()
		return o, s.Run(t.Context(), o)
	}
	write(t, path, strings.Repeat("a\n", 600))
	if _, err := run(at); err == nil || !strings.Contains(err.Error(), "ends at byte 1200, before byte 2000") {
		t.Errorf("shortened: %v", err)
	}
	write(t, path, "another file\n")
	if o, err := run(at); err != nil || o.values() != "another file" || o.records[0].part.Epoch != 1 {
		t.Errorf("replaced: %v, %v", err, o.records)
	}
	for _, p := range []plugins.Position{nil, {9}, {1}, at[:len(at)-1], append(bytes.Clone(at), 0)} {
		if _, err := run(p); err == nil || !strings.Contains(err.Error(), "stored position cannot be read") {
			t.Errorf("position %x: %v", p, err)
		}
	}
}

func last2(ps []plugins.Position) plugins.Position { return ps[len(ps)-1] }

func TestFileOfSelfDelimitingRecords(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Framing = plugins.Framing{Splitter: func() plugins.Splitter { return prefixed{} }}
	path := inDir(t, "data")
	write(t, path, "\x01a\x02bb\x00\x03ccc")
	o := newOutlet()
	if err := start(t, "file", env, "path", []string{path}).Run(t.Context(), o); err != nil || o.values() != "a bb  ccc" {
		t.Errorf("%v, records %q", err, o.values())
	}
	write(t, path, "\x01a\xffx")
	o = newOutlet()
	err := start(t, "file", env, "path", []string{path}).Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), path+" at byte 2: malformed length") || o.values() != "a" {
		t.Errorf("%v, records %q", err, o.values())
	}
	write(t, path, "\xfe"+strings.Repeat("x", 100))
	err = start(t, "file", env, "path", []string{path}, "max_record_size", int64(50)).Run(t.Context(), newOutlet())
	if err == nil || !strings.Contains(err.Error(), "max_record_size") {
		t.Errorf("%v", err)
	}
}

func TestFileConfiguration(t *testing.T) {
	t.Parallel()
	k := kind(t, "file", sources.Streams{})
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{[]any{"path", []string{}}, "path", "no path"},
		{[]any{"path", []string{""}}, "path", "empty"},
		{[]any{"path", []string{"a[b"}}, "path", "[ has no ]"},
		{[]any{"path", []string{"a"}, "start", "end"}, "start", "follow = true"},
		{[]any{"path", []string{"a.gz"}, "follow", true}, "follow", "gzip"},
		{[]any{"path", []string{"a"}, "follow", true, "compression", "zstd"}, "follow", "zstd"},
	} {
		wantConfigError(t, k.Check(configure(k.Schema, c.kv...)), c.path, c.says)
	}
}

func wantConfigError(t *testing.T, err error, path, says string) {
	t.Helper()
	var ce *plugins.ConfigError
	if !errors.As(err, &ce) || ce.Path != path || !strings.Contains(ce.Msg, says) {
		t.Errorf("error %v, want one at %q that says %q", err, path, says)
	}
}

func TestFileAllocatesNothingPerRecord(t *testing.T) {
	path := inDir(t, "data")
	const records = 20_000
	write(t, path, strings.Repeat(strings.Repeat("x", 142)+"\n", records))
	env := environment()
	out := discardOutlet{env.Pool}
	n := testing.AllocsPerRun(5, func() {
		if err := start(t, "file", env, "path", []string{path}).Run(t.Context(), out); err != nil {
			t.Error(err)
		}
	})
	if n > records/20 { // for the source, its configuration and each batch
		t.Errorf("%v allocations for %d records", n, records)
	}
}

func BenchmarkFile(b *testing.B) {
	line := `{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}` + "\n"
	const records = 200_000
	path := inDir(b, "data")
	write(b, path, strings.Repeat(line, records))
	env := environment()
	k := kind(b, "file", sources.Streams{})
	out := discardOutlet{env.Pool}
	b.ReportAllocs()
	for b.Loop() {
		s, err := k.New(configure(k.Schema, "path", []string{path}), env)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Run(b.Context(), out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
