package sources_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/sources"
)

// formatted is an environment whose framing is that of a real format.
func formatted(t *testing.T, format string) plugins.Env {
	t.Helper()
	var r plugins.Registry
	if err := codec.Register(&r); err != nil {
		t.Fatal(err)
	}
	c, ok := r.Codec(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	env := environment()
	var err error
	if env.Framing, err = c.Framing(configure(c.Schema)); err != nil {
		t.Fatal(err)
	}
	return env
}

func TestFileOfEachFormat(t *testing.T) {
	t.Parallel()
	const n = 50_000 // several chunks
	long := strings.Repeat("x", 30)
	for format, c := range map[string]struct {
		preamble string
		record   func(i int) string // in the file
		want     func(i int) string // as it is handed over
	}{
		"json":    {"", func(i int) string { return fmt.Sprintf("{\"n\":%d,\"x\":%q}\n", i, long) }, func(i int) string { return fmt.Sprintf(`{"n":%d,"x":%q}`, i, long) }},
		"raw":     {"", func(i int) string { return fmt.Sprintf("%s %d\r\n", long, i) }, func(i int) string { return fmt.Sprintf("%s %d", long, i) }},
		"csv":     {"n,x\n", func(i int) string { return fmt.Sprintf("%d,\"%s\n\"\"quoted\"\"\"\n", i, long) }, func(i int) string { return fmt.Sprintf("%d,\"%s\n\"\"quoted\"\"\"", i, long) }},
		"cbor":    {"", func(i int) string { return "\xa1\x61n\x78\x1e" + long }, func(i int) string { return "\xa1\x61n\x78\x1e" + long }},
		"msgpack": {"", func(i int) string { return "\x81\xa1n\xbe" + long }, func(i int) string { return "\x81\xa1n\xbe" + long }},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			env := formatted(t, format)
			var text strings.Builder
			text.WriteString(c.preamble)
			for i := range n {
				text.WriteString(c.record(i))
			}
			path := inDir(t, "data")
			write(t, path, text.String())
			o := newOutlet()
			if err := start(t, "file", env, "path", []string{path}).Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if len(o.records) != n || o.batches < 5 {
				t.Fatalf("%d records in %d batches", len(o.records), o.batches)
			}
			offset := int64(len(c.preamble))
			for i, r := range o.records {
				if r.value != c.want(i) || r.offset != offset || r.preamble != strings.TrimSpace(c.preamble) {
					t.Fatalf("record %d is %+v, want offset %d", i, r, offset)
				}
				offset += int64(len(c.record(i)))
			}
		})
	}
}

func TestHTTPOfEachFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, body, want string }{
		{"json", "{\"a\":1}\n{\"a\":2}\n", `{"a":1} {"a":2}`},
		{"raw", "one\ntwo", "one two"},
		{"csv", "a,b\n1,2\n3,4\n", "1,2 3,4"},
		{"cbor", "\xa1\x61a\x01\xa1\x61a\x02", "\xa1\x61a\x01 \xa1\x61a\x02"},
		{"msgpack", "\x81\xa1a\x01\x81\xa1a\x02", "\x81\xa1a\x01 \x81\xa1a\x02"},
		// What is white space in a text.
		{"raw", "\t\n  ", "\t   "},
		{"cbor", "\x0a\x20", "\x0a \x20"},
		{"msgpack", "\x0a\x20", "\x0a \x20"},
	} {
		format := c.format
		k := kind(t, "http", sources.Streams{})
		s, err := k.New(configure(k.Schema, "listen", "127.0.0.1:0").WithPayload(plugins.Shape{Format: format}), formatted(t, format))
		if err != nil {
			t.Fatal(err)
		}
		o := newOutlet()
		url := serving(t, s, o)
		if status, _, body := send(t, url, request{body: c.body}); status != 200 || body != "{\"accepted\":2}\n" {
			t.Errorf("%s: answer %d %q", format, status, body)
		}
		if got := o.values(); got != c.want {
			t.Errorf("%s: records %q, want %q", format, got, c.want)
		}
	}
	k := kind(t, "http", sources.Streams{})
	s, err := k.New(configure(k.Schema, "listen", "127.0.0.1:0").WithPayload(plugins.Shape{Format: "cbor"}), formatted(t, "cbor"))
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := send(t, serving(t, s, newOutlet()), request{body: "\xa1\x61"}); status != 400 || !strings.Contains(body, "cannot be cut into records") {
		t.Errorf("answer %d %q", status, body)
	}
}

// TestOpenQuoteTakesOneRow reads tables in which quotes are opened that nobody
// closes: few of them take their row only, many do not take for ever.
func TestOpenQuoteTakesOneRow(t *testing.T) {
	t.Parallel()
	row := strings.Repeat("12,ok\n", 2000)
	for name, c := range map[string]struct {
		table      string
		rows, lost int
	}{
		"one":  {"n,s\n1,\"x\r\n" + row, 2000, 1},
		"two":  {"n,s\n" + row + "1,\"\n" + row + "2,\"x\n" + row, 6000, 2},
		"many": {"n,s\n" + strings.Repeat("a\",\"\n", 200_000), -1, -1},
	} {
		path := inDir(t, name)
		write(t, path, c.table)
		o := newOutlet()
		env := formatted(t, "csv")
		if err := start(t, "file", env, "path", []string{path}, "max_record_size", int64(4000)).Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		lost, bytes := 0, 0
		for _, r := range o.records {
			bytes += len(r.value) + 1
			if strings.HasPrefix(r.failure, "too_large: the record does not end") {
				lost++
			}
		}
		if c.rows >= 0 && (lost != c.lost || len(o.records)-lost != c.rows) {
			t.Errorf("%s: %d rows, %d lost", name, len(o.records)-lost, lost)
		}
		if want := len(c.table) - len("n,s"); c.rows < 0 && bytes != want { // the last record has its line break in it
			t.Errorf("%s: %d bytes came, not %d", name, bytes, want)
		}
	}
}
