package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

func rotate(kv ...any) plugins.ConfigBlock {
	m := map[string]any{"keep": int64(0)}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return plugins.ConfigBlock{Name: "rotate", Config: plugins.NewConfig(m)}
}

func TestFileAppends(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"interval", "always", "never"} {
		env := environment()
		path := inDir(t, "out")
		for _, r := range []string{"a", "b"} {
			s := start(t, "file", env, "path", path, "fsync", policy)
			must(t, s, batch(env.Pool, r, r))
			must(t, s, batch(env.Pool, "-"))
			stop(t, s)
		}
		if got := content(t, path); got != "a\na\n-\nb\nb\n-\n" {
			t.Errorf("%s: content %q", policy, got)
		}
		must(t, start(t, "file", env, "path", path, "append", false), batch(env.Pool, "c"))
		if got := content(t, path); got != "c\n" {
			t.Errorf("%s: content %q", policy, got)
		}
	}
}

func TestFileAnswersAfterFsync(t *testing.T) {
	t.Parallel()
	env := environment()
	s := start(t, "file", env, "path", inDir(t, "out"), "fsync", "always")
	outcomes := make([]outcome, 3)
	for k := range outcomes {
		if err := s.Write(t.Context(), batch(env.Pool, "a"), outcomes[k].done); err != nil {
			t.Fatal(err)
		}
		if ok, _ := outcomes[k].answered(t); ok {
			t.Error("a batch was answered for before its fsync")
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for k := range outcomes {
		if ok, err := outcomes[k].answered(t); !ok || err != nil {
			t.Errorf("batch %d: %v %v", k, ok, err)
		}
	}
	var large outcome
	if err := s.Write(t.Context(), batch(env.Pool, strings.Repeat("x", 2<<20)), large.done); err != nil {
		t.Fatal(err)
	}
	if ok, _ := large.answered(t); !ok {
		t.Error("what waits for fsync is not bounded")
	}
}

// uncompress reads all of a file that a sink has written.
func uncompress(t *testing.T, path, method string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	switch method {
	case "gzip":
		r, err = gzip.NewReader(f)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(f); err == nil {
			defer d.Close()
			r = d
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestFileCompressed(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gzip", "zstd"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			env := environment()
			path := inDir(t, "out")
			s := start(t, "file", env, "path", path, "compression", method)
			withHeader := func(records ...string) *plugins.Batch {
				b := batch(env.Pool, records...)
				b.Preamble = []byte("x,y")
				return b
			}
			must(t, s, withHeader("1,2", "3,4"))
			if got := uncompress(t, path, method); got != "x,y\n1,2\n3,4\n" {
				t.Errorf("content %q", got)
			}
			stop(t, s)
			whole := content(t, path)
			for _, torn := range []int{1, 5, 17} { // a crash within a member
				write(t, path, whole+whole[:torn])
				s = start(t, "file", env, "path", path, "compression", method)
				must(t, s, withHeader("5,6"))
				if got := uncompress(t, path, method); got != "x,y\n1,2\n3,4\n5,6\n" {
					t.Errorf("content %q", got)
				}
				stop(t, s)
			}
			b := batch(env.Pool, "7")
			b.Preamble = []byte("z")
			if err := send(t, start(t, "file", env, "path", path, "compression", method), b); !plugins.IsPermanent(err) {
				t.Errorf("another header: %v", err)
			}
			write(t, path, "plain")
			if err := send(t, start(t, "file", env, "path", path, "compression", method), batch(env.Pool, "a")); !plugins.IsPermanent(err) || content(t, path) != "plain" {
				t.Errorf("a plain file: %v", err)
			}
		})
	}
}

func TestFileCompressedIsBounded(t *testing.T) {
	t.Parallel()
	env := environment()
	s := start(t, "file", env, "path", inDir(t, "out"), "compression", "gzip")
	var first, second outcome
	for _, o := range []*outcome{&first, &second} {
		if err := s.Write(t.Context(), batch(env.Pool, strings.Repeat("x", 200<<10)), o.done); err != nil {
			t.Fatal(err)
		}
	}
	if ok, _ := first.answered(t); !ok {
		t.Error("400 KiB wait for a member")
	}
}

func TestFilePreamble(t *testing.T) {
	t.Parallel()
	env := environment()
	path := inDir(t, "out.csv")
	csv := func(header string, records ...string) *plugins.Batch {
		b := batch(env.Pool, records...)
		b.Preamble = []byte(header)
		return b
	}
	s := start(t, "file", env, "path", path)
	must(t, s, csv("x,y", "1,2"))
	must(t, s, csv("x,y", "3,4"))
	if err := send(t, s, csv("y,x", "5,6")); !plugins.IsPermanent(err) || !strings.Contains(err.Error(), `"x,y"`) {
		t.Errorf("another header: %v", err)
	}
	stop(t, s)
	s = start(t, "file", env, "path", path)
	must(t, s, csv("x,y", "7,8"))
	stop(t, s)
	if got := content(t, path); got != "x,y\n1,2\n3,4\n7,8\n" {
		t.Errorf("content %q", got)
	}
	err := send(t, start(t, "file", env, "path", path), csv("x,yy", "9,10"))
	if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), "append = false") {
		t.Errorf("another header in the file that was there: %v", err)
	}
}

// list returns the contents of the files of a folder, by name.
func list(t *testing.T, dir string) (names []string, contents map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	contents = map[string]string{}
	for _, e := range entries {
		names = append(names, e.Name())
		contents[e.Name()] = content(t, filepath.Join(dir, e.Name()))
	}
	return names, contents
}

func TestFileRotatesBySize(t *testing.T) {
	t.Parallel()
	env := environment()
	c := &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	env.Now = c.Now
	dir := t.TempDir()
	write(t, filepath.Join(dir, "out-notes.ndjson"), "mine")
	s := start(t, "file", env, "path", filepath.Join(dir, "out.ndjson"), "", rotate("size", int64(4), "keep", int64(2)))
	for _, r := range []string{"a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2", "e1"} {
		must(t, s, batch(env.Pool, r))
		if r == "c2" {
			c.add(time.Hour)
		}
	}
	names, contents := list(t, dir)
	want := map[string]string{
		"out-20260101T130000Z-0001.ndjson": "c1\nc2\n",
		"out-20260101T130000Z-0002.ndjson": "d1\nd2\n",
		"out.ndjson":                       "e1\n",
		"out-notes.ndjson":                 "mine",
	}
	if len(names) != len(want) {
		t.Errorf("files %v", names)
	}
	for name, text := range want {
		if contents[name] != text {
			t.Errorf("%s: %q, want %q", name, contents[name], text)
		}
	}
}

// However many files are full within a second, wherever the clock goes and
// whatever was there before: the newest are kept, and sort by age.
func TestFileRotationKeepsTheNewest(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, move := range map[string]func(i int) time.Duration{
		"stands":     func(int) time.Duration { return 0 },
		"runs":       func(int) time.Duration { return 300 * time.Millisecond },
		"goes back":  func(int) time.Duration { return -time.Second },
		"jumps":      func(i int) time.Duration { return []time.Duration{time.Hour, -2 * time.Hour}[i%2] },
		"turns back": func(i int) time.Duration { return []time.Duration{time.Minute, -time.Hour}[min(1, i/20)] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, keep := range []int64{0, 1, 5} {
				env := environment()
				c := &clock{now: noon}
				env.Now = c.Now
				dir := t.TempDir()
				path := filepath.Join(dir, "out")
				s := start(t, "file", env, "path", path, "fsync", "never", "", rotate("size", int64(1), "keep", keep))
				const n = 40
				for i := range n {
					must(t, s, batch(env.Pool, fmt.Sprint(i)))
					c.add(move(i))
					if i%13 == 12 { // and another process goes on
						stop(t, s)
						s = start(t, "file", env, "path", path, "fsync", "never", "", rotate("size", int64(1), "keep", keep))
					}
				}
				names, contents := list(t, dir)
				full := names[1:]
				if keep > 0 && len(full) != int(keep) {
					t.Errorf("keep %d: %d are kept", keep, len(full))
				}
				var all, got strings.Builder
				for i := range n {
					fmt.Fprintln(&all, i)
				}
				for _, name := range append(full, "out") {
					got.WriteString(contents[name])
				}
				if names[0] != "out" || !strings.HasSuffix(all.String(), got.String()) || keep == 0 && got.Len() != all.Len() {
					t.Errorf("keep %d: files %v hold %q", keep, names, got.String())
				}
			}
		})
	}
}

func TestFileRotationAfterTheLastNumber(t *testing.T) {
	t.Parallel()
	env := environment()
	c := &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	env.Now = c.Now
	dir := t.TempDir()
	write(t, filepath.Join(dir, "out-20260101T120000Z-9999"), "")
	s := start(t, "file", env, "path", filepath.Join(dir, "out"), "", rotate("size", int64(1)))
	for _, r := range []string{"a", "b", "c"} {
		must(t, s, batch(env.Pool, r))
	}
	names, _ := list(t, dir)
	if got := strings.Join(names, " "); got != "out out-20260101T120000Z-9999 out-20260101T120001Z-0001 out-20260101T120001Z-0002" {
		t.Errorf("files %s", got)
	}
}

func TestFileRotationOfAMovedFile(t *testing.T) {
	t.Parallel()
	env := environment()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	s := start(t, "file", env, "path", path, "", rotate("size", int64(1)))
	must(t, s, batch(env.Pool, "a"))
	if err := os.Rename(path, path+".mine"); err != nil {
		t.Fatal(err)
	}
	must(t, s, batch(env.Pool, "b"))
	if _, contents := list(t, dir); len(contents) != 2 || contents["out"] != "b\n" || contents["out.mine"] != "a\n" {
		t.Errorf("contents %q", contents)
	}
}

func TestFileRotatesByTime(t *testing.T) {
	t.Parallel()
	env := environment()
	dir := t.TempDir()
	s := start(t, "file", env, "path", filepath.Join(dir, "out"), "fsync", "always", "", rotate("every", 20*time.Millisecond))
	b := batch(env.Pool, "1")
	b.Preamble = []byte("n")
	must(t, s, b)
	// Nobody writes: the file is put away all the same.
	for {
		if names, err := filepath.Glob(filepath.Join(dir, "*")); err == nil && len(names) == 1 && filepath.Base(names[0]) != "out" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	b = batch(env.Pool, "2")
	b.Preamble = []byte("n")
	must(t, s, b)
	stop(t, s)
	_, contents := list(t, dir)
	var texts []string
	for _, c := range contents {
		texts = append(texts, c)
	}
	slices.Sort(texts)
	if got := strings.Join(texts, "|"); got != "n\n1\n|n\n2\n" {
		t.Errorf("contents %q", got)
	}
}

func TestFileFollowsItsPath(t *testing.T) {
	t.Parallel()
	env := environment()
	c := &clock{now: time.Now()}
	env.Now = c.Now
	path := inDir(t, "out")
	s := start(t, "file", env, "path", path)
	must(t, s, batch(env.Pool, "a"))
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	c.add(time.Minute)
	must(t, s, batch(env.Pool, "b"))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.add(time.Minute)
	must(t, s, batch(env.Pool, "c"))
	if a, b := content(t, path+".old"), content(t, path); a != "a\n" || b != "c\n" {
		t.Errorf("contents %q %q", a, b)
	}
}

func TestFileOpenErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(dir, "no", "out"): "create the folder " + filepath.Join(dir, "no"),
		dir:                             "it is a folder",
	} {
		err := start(t, "file", environment(), "path", path).(plugins.Opener).Open(t.Context())
		if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", path, err, says)
		}
	}
}

func TestFileOfADevice(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("/dev/full is Linux's")
	}
	env := environment()
	must(t, start(t, "file", env, "path", os.DevNull, "fsync", "always"), batch(env.Pool, "a"))
	err := send(t, start(t, "file", env, "path", "/dev/full"), batch(env.Pool, "a"))
	if !errors.Is(err, syscall.ENOSPC) || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("error %v", err)
	}
}

func TestFileOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := mountSmall(dir); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	write(t, filler, strings.Repeat("x", 20<<10))
	env := environment()
	path := filepath.Join(dir, "out")
	s := start(t, "file", env, "path", path, "fsync", "always")
	var want strings.Builder
	full := false
	for i := range 40 {
		r := fmt.Sprintf("%04d%s", i, strings.Repeat(".", 995))
		want.WriteString(r + "\n")
		err := send(t, s, batch(env.Pool, r))
		if err == nil {
			continue
		}
		full = true
		if plugins.IsPermanent(err) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		if got := content(t, path); len(got)%1000 != 0 || got != want.String()[:len(got)] {
			t.Fatalf("a torn file of %d bytes", len(got))
		}
		if err := os.Remove(filler); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if err := send(t, s, batch(env.Pool, r)); err != nil {
			if i < 25 {
				t.Fatalf("space has returned: %v", err)
			}
			break // now the disk is full of records
		}
	}
	if !full {
		t.Error("the disk never was full")
	}
	if got := content(t, path); len(got)%1000 != 0 || got != want.String()[:len(got)] {
		t.Error("records were lost, repeated or torn")
	}
	stop(t, s)
}

func TestFileConfiguration(t *testing.T) {
	t.Parallel()
	k := kind(t, "file", sinks.Streams{})
	wantConfigError(t, k.Check(configure(k.Schema, "path", "")), "path", "empty")
	wantConfigError(t, k.Check(configure(k.Schema, "path", "a", "", rotate())), "rotate", "size, every")
	for policy, weak := range map[string]bool{"always": false, "interval": true, "never": true} {
		if w := k.Capabilities(configure(k.Schema, "fsync", policy)).Weakens; (w != "") != weak {
			t.Errorf("%s weakens %q", policy, w)
		}
	}
	if w := k.Capabilities(configure(k.Schema, "fsync", "never", "append", false)).Weakens; !strings.Contains(w, "before a restart is gone") || !strings.Contains(w, "fsync") {
		t.Errorf("a file that is emptied weakens %q", w)
	}
}

func TestDirectSinksAnswerAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		kv     []any
		direct bool
	}{
		{"file", nil, true},
		{"file", []any{"fsync", "never"}, true},
		{"file", []any{"fsync", "always"}, false},
		{"file", []any{"compression", "gzip"}, false},
		{"stdout", nil, true},
		{"discard", nil, true},
		{"http", []any{"url", "http://127.0.0.1:1"}, false},
	} {
		k := kind(t, c.kind, sinks.Streams{})
		if c.kind == "file" {
			c.kv = append(c.kv, "path", inDir(t, "out"))
		}
		config := configure(k.Schema, c.kv...)
		if direct := k.Direct != nil && k.Direct(config); direct != c.direct {
			t.Errorf("%s %v: direct is %v", c.kind, c.kv, direct)
		}
		if !c.direct {
			continue
		}
		env := environment()
		s, err := k.New(config, env)
		if err != nil {
			t.Fatal(err)
		}
		var o outcome
		if err := s.Write(t.Context(), batch(env.Pool, "a"), o.done); err != nil {
			t.Error(err)
		}
		if ok, _ := o.answered(t); !ok {
			t.Errorf("%s %v: not answered when Write returned", c.kind, c.kv)
		}
		stop(t, s)
	}
}

func TestDiscardTakesAll(t *testing.T) {
	t.Parallel()
	env := environment()
	must(t, start(t, "discard", env), batch(env.Pool, "a"))
}

func BenchmarkFile(b *testing.B) {
	env := environment()
	s := start(b, "file", env, "path", inDir(b, "out"), "fsync", "never", "append", false)
	records := make([]string, 1800)
	for i := range records {
		records[i] = strings.Repeat("x", 142)
	}
	full := batch(env.Pool, records...)
	done := func(error) {}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Write(context.Background(), full, done); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1800, "ns/record")
}
