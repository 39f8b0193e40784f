package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// weighed is what a run of a pipeline came to.
type weighed struct {
	stages map[string]stageSummary
	dead   []deadLetter
	peak   int64 // bytes of memory
}

// weigh runs the pipeline of a folder, whose dead letters go to a file, and
// checks that all is accounted for.
func weigh(t *testing.T, dir string, args ...string) weighed {
	t.Helper()
	cmd, _, talk := binary(t, dir, append([]string{"run", "--output", "json"}, args...)...)
	peak, err := runWatched(cmd)
	if err != nil {
		t.Fatalf("%v\n%s", err, talk)
	}
	stages := summaryIn(t, talk.Bytes())
	return weighed{stages, recordsIn[deadLetter](t, filepath.Join(dir, "dead.ndjson")), peak}
}

// takesAtMost checks the memory of a run, except with the race detector, which
// takes more.
func (w weighed) takesAtMost(t *testing.T, bytes int64) {
	t.Helper()
	if share == 1 && w.peak > bytes {
		t.Errorf("it took %d MiB of memory, want at most %d", w.peak>>20, bytes>>20)
	}
}

// odd has a window over readings with a schema.
const odd = `
pipeline "odd" {}

schema "reading" {
  fields = { k = string, ts = time, v = optional(float) }
}

source "file" "in" {
  path            = "in.ndjson"
  max_record_size = "16MiB"
  schema          = schema.reading
}

transform "window" "second" {
  from     = source.in
  key      = event.k
  time     = event.ts
  tumbling = "1s"
  emit     = { k = key, n = agg::count(), sum = agg::sum(event.v), mid = agg::percentile(event.v, 0.5), all = agg::collect(event.v, 10) }
}

sink "file" "out" {
  from = transform.second
  path = "out.ndjson"
}
sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`

// TestOddRecordsInAWindow sends a window records that no window can take, or
// hardly. Each is refused with a reason, and the others are counted.
func TestOddRecordsInAWindow(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	reading := func(k, ts, v string) string { return fmt.Sprintf(`{"k":%s,"ts":%s,"v":%s}`, k, ts, v) }
	const a, at = `"a"`, `"2026-01-01T00:00:00Z"`
	cases := []struct {
		name, record string
		code, says   string // of the dead letter; "" where the record is taken
	}{
		{"number", reading(a, at, `1.5`), "", ""},
		{"no number", reading(a, at, `NaN`), "decode", "not valid JSON"},
		{"1e400", reading(a, at, `1e400`), "decode", "field v is out of range"},
		{"2^53+1", reading(`"big"`, at, `9007199254740993`), "", ""},
		{"text", reading(a, at, `"NaN"`), "decode", "field v is a string, not float"},
		{"null", reading(`"null"`, at, `null`), "", ""},
		{"keys twice", `{"k":"first","k":"second","ts":` + at + `,"v":1,"v":2}`, "", ""},
		{"not UTF-8", reading("\"\xff\xfe\"", at, `1`), "decode", "field k is not valid UTF-8"},
		{"deep, not read", `{"k":"deep","ts":` + at + `,"v":1,"d":` + deep + `}`, "", ""},
		{"deep key", reading(deep, at, `1`), "decode", "field k is a list, not string"},
		{"deep value", reading(a, at, deep), "decode", "field v is a list, not float"},
		{"year 2999", reading(a, `"2999-01-01T00:00:00Z"`, `1`), "decode", "field ts is out of range"},
		{"tomorrow", reading(a, `"2250-01-01T00:00:00Z"`, `1`), "clock_ahead", "2250-01-01T00:00:00Z is more than 1h0m0s ahead of the pipeline's clock: set the clock of the device, or raise max_ahead"},
		{"no time", reading(a, `"soon"`, `1`), "decode", "field ts is not a time such as 2026-01-31T08:00:00Z"},
		{"no key", reading(`null`, at, `1`), "decode", "field k is null"},
		{"100 KB key", reading(`"`+strings.Repeat("y", 100_000)+`"`, at, `1`), "key", "the key is longer than 64 KiB: use a shorter one, such as a hash of it"},
		{"10 MB key", reading(`"`+strings.Repeat("x", 10_000_000)+`"`, at, `1`), "key", "the key is longer than 64 KiB: use a shorter one, such as a hash of it"},
		{"64 KiB key", reading(`"`+strings.Repeat("z", 64<<10-1)+`"`, at, `1`), "", ""},
		{"overflow", reading(`"much"`, at, `1.7e308`), "", ""},
		{"overflow again", reading(`"much"`, at, `1.7e308`), "", ""},
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), odd)
	var in strings.Builder
	taken := 0
	for _, c := range cases {
		in.WriteString(c.record + "\n")
		if c.code == "" {
			taken++
		}
	}
	write(t, filepath.Join(dir, "in.ndjson"), in.String())
	w := weigh(t, dir, "--state", "state", "p")
	for _, c := range cases {
		var found *deadLetter
		for i := range w.dead {
			if w.dead[i].Payload == c.record || w.dead[i].Base64 != "" && c.name == "not UTF-8" {
				found = &w.dead[i]
			}
		}
		switch {
		case (found == nil) != (c.code == ""):
			t.Errorf("%s: dead letter %v", c.name, found != nil)
		case found != nil:
			t.Logf("%s: %s: %s", c.name, found.Code, found.Message)
			if found.Code != c.code || !strings.Contains(found.Message, c.says) {
				t.Errorf("want %s: %s", c.code, c.says)
			}
		}
	}
	last := w.dead[len(w.dead)-1]
	t.Logf("result of the key much: %s: %s", last.Code, last.Message)
	if last.Code != "overflow" || last.Message != `the sum is too large for its type; key "much"; window.start 2026-01-01T00:00:00Z` {
		t.Errorf("dead letter of a result: %+v", last)
	}
	t.Logf("%d of %d records are taken, %d results, %d MiB of memory", taken, len(cases), w.stages["sink.out"].Out, w.peak>>20)
	if got := w.stages["transform.second"]; got.In != len(cases) || got.Filtered != taken || got.Dead != len(cases)-taken+1 || got.Made != 7 {
		t.Errorf("%+v", got)
	}
	out := read(t, filepath.Join(dir, "out.ndjson"))
	for _, want := range []string{
		`{"k":"a","n":1,"sum":1.5,"mid":1.5,"all":[1.5]}`, `{"k":"big","n":1,"sum":9007199254740992,`, `{"k":"null","n":1,"sum":null,"mid":null,"all":null}`, `{"k":"first","n":1,"sum":1,`, `{"k":"deep","n":1,`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is missing in\n%s", want, clippedTo(600, out))
		}
	}
	w.takesAtMost(t, 256<<20)
}

// TestMoreKeysThanAllowed sends ten times as many keys as the stage may keep,
// and starts again, also with fewer lanes. The keys that there are go on.
func TestMoreKeysThanAllowed(t *testing.T) {
	t.Parallel()
	const allowed, keys = 100, 1000
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.Replace(counting, "initial = {", "max_keys = 100\n  initial = {", 1))
	write(t, filepath.Join(dir, "in.ndjson"), keyedLines(3*keys, keys))
	w := weigh(t, dir, "--state", "state", "p")
	kept := counts(t, dir)
	t.Logf("%d keys go on, %d records are dead: %s", len(kept), len(w.dead), w.dead[0].Message)
	if w.dead[0].Code != "max_keys" || w.dead[0].Message != "the stage keeps as many keys as max_keys allows: raise it, or use a key with fewer values" {
		t.Errorf("dead letter %+v", w.dead[0])
	}
	if len(kept)%allowed != 0 || len(kept) == 0 || len(w.dead) != 3*(keys-len(kept)) { // so many in each lane
		t.Errorf("%d keys are kept, %d records dead", len(kept), len(w.dead))
	}
	addTo(t, filepath.Join(dir, "in.ndjson"), keyedLines(keys, keys))
	l := live(t, dir, []string{"GOMAXPROCS=1"}, "--state", "state", "p")
	if code := l.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, l.said())
	}
	after := counts(t, dir)
	for key, n := range after {
		if n != kept[key]+1 {
			t.Errorf("%s was counted %d times after %d", key, n, kept[key])
		}
	}
	if len(after) != len(kept) {
		t.Errorf("%d keys go on after a restart, %d did before", len(after), len(kept))
	}
}

// TestAMillionKeys keeps something for each of a million keys, on disk as well.
func TestAMillionKeys(t *testing.T) {
	t.Parallel()
	const keys = 1_000_000 / share
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), fmt.Sprintf(`
pipeline "many" {}

source "simulate" "in" {
  devices  = %d
  count    = %d
  rate     = 0
  interval = "1us"
}
transform "window" "minute" {
  from     = source.in
  key      = event.device
  time     = event.ts
  tumbling = "24h"
  emit     = { k = key, n = agg::count() }
}
sink "discard" "out" {
  from = transform.minute
}
sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`, keys, keys))
	w := weigh(t, dir, "--state", "state", "p")
	t.Logf("%d keys, %d MiB of memory", keys, w.peak>>20)
	if got := w.stages["sink.out"].Out; got < keys || len(w.dead) > 0 { // a day may end on the way
		t.Errorf("%d results, %d dead letters", got, len(w.dead))
	}
	w.takesAtMost(t, 3<<29)
}

// TestAHotKey has 99 of 100 records belong to one key.
func TestAHotKey(t *testing.T) {
	t.Parallel()
	const n = 50_000 / share
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), counting)
	var in strings.Builder
	for i := range n {
		key := "hot"
		if i%100 == 0 {
			key = fmt.Sprintf("k%d", i/100)
		}
		fmt.Fprintf(&in, "{\"k\":%q}\n", key)
	}
	write(t, filepath.Join(dir, "in.ndjson"), in.String())
	w := weigh(t, dir, "--state", "state", "p")
	got := counts(t, dir)
	t.Logf("%d of %d records are of one key, %d MiB of memory", got["hot"], n, w.peak>>20)
	if got["hot"] != n*99/100 || len(got) != n/100+1 || len(w.dead) > 0 {
		t.Errorf("the hot key was counted %d times, %d keys, %d dead letters", got["hot"], len(got), len(w.dead))
	}
}

// TestPoisonInStatefulStages has the expressions of each kind fail for some
// records. These are dead letters with a reason; the state is not hurt.
func TestPoisonInStatefulStages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), `
pipeline "poison" {}

schema "reading" {
  fields = { k = string, ts = time, v = int }
}
source "file" "in" {
  path   = "in.ndjson"
  schema = schema.reading
}
transform "window" "w" {
  from     = source.in
  key      = event.k
  time     = event.ts
  tumbling = "1s"
  emit     = { k = key, n = agg::count(), bad = agg::max(event.v) * 9223372036854775807 }
}
transform "reduce" "r" {
  from    = source.in
  key     = event.k
  initial = { sum = 0.0 }
  update  = { sum = state.sum + 10 / event.v }
  emit    = { k = key, sum = state.sum }
}
transform "detect" "d" {
  from   = source.in
  key    = event.k
  time   = event.ts
  first  = event.v == 2
  then   = event.v == 0
  within = "1m"
  emit   = { k = key, bad = first.v / last.v }
}
transform "dedupe" "once" {
  from = source.in
  key  = "${event.k}${10 / event.v}"
  time = event.ts
}
sink "file" "w" {
  from = transform.w
  path = "w.ndjson"
}
sink "file" "r" {
  from = transform.r
  path = "r.ndjson"
}
sink "file" "d" {
  from = transform.d
  path = "d.ndjson"
}
sink "file" "once" {
  from = transform.once
  path = "once.ndjson"
}
sink "file" "dead" {
  from = errors
  path = "dead.ndjson"
}
`)
	var in strings.Builder
	for i, v := range []int{1, 2, 0, 5} {
		fmt.Fprintf(&in, "{\"k\":\"a\",\"ts\":\"2026-01-01T00:00:0%dZ\",\"v\":%d}\n", i, v)
	}
	write(t, filepath.Join(dir, "in.ndjson"), in.String())
	w := weigh(t, dir, "--state", "state", "p")
	by := map[string][]deadLetter{}
	for _, d := range w.dead {
		t.Logf("%s: %s: %s", d.Stage, d.Code, d.Message)
		by[d.Stage] = append(by[d.Stage], d)
	}
	for _, want := range []struct {
		stage, code, says string
		n                 int
	}{
		{"transform.w", "overflow", `; key "a"; window.start 2026-01-01T00:00:01Z`, 2},
		{"transform.r", "divide_by_zero", "", 1},
		{"transform.d", "divide_by_zero", `; key "a"`, 1},
		{"transform.once", "divide_by_zero", "", 1},
	} {
		got := by[want.stage]
		if len(got) != want.n || got[0].Code != want.code || !strings.HasSuffix(got[0].Message, want.says) {
			t.Errorf("%s: %+v, want %d with code %s", want.stage, got, want.n, want.code)
		}
	}
	if got := read(t, filepath.Join(dir, "r.ndjson")); !strings.HasSuffix(got, "{\"k\":\"a\",\"sum\":17}\n") {
		t.Errorf("the sum is not that of the good records:\n%s", got)
	}
}

// TestSchemaChangeBetweenRuns changes the type of a field that a window keeps
// values of.
func TestSchemaChangeBetweenRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := strings.ReplaceAll(odd, `sum = agg::sum(event.v), mid = agg::percentile(event.v, 0.5), all = agg::collect(event.v, 10)`, `top = agg::last(event.v)`)
	write(t, filepath.Join(dir, "p", "main.hcl"), text)
	write(t, filepath.Join(dir, "in.ndjson"), `{"k":"a","ts":"2026-01-01T00:00:00Z","v":1.5}`+"\n")
	succeed(t, dir, "run", "--state", "state", "p")
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.Replace(text, "v = optional(float)", "v = optional(string)", 1))
	addTo(t, filepath.Join(dir, "in.ndjson"), `{"k":"a","ts":"2026-01-01T00:00:05Z","v":"warm"}`+"\n")
	code, _, said := outcome(t, dir, "run", "--state", "state", "p")
	t.Log(said)
	found := strings.Index(said, "onstream state reset ")
	if code != 1 || !strings.Contains(said, "transform.second: what it keeps has another shape than what is stored") || found < 0 {
		t.Fatalf("exit code %d", code)
	}
	succeed(t, dir, strings.Fields(said[found:])[1:]...)
	succeed(t, dir, "run", "--state", "state", "p")
	if out := read(t, filepath.Join(dir, "out.ndjson")); !strings.HasSuffix(out, `{"k":"a","n":1,"top":"warm"}`+"\n") || strings.Count(out, "\n") != 2 {
		t.Errorf("after the reset:\n%s", out)
	}
}

// TestGzipBomb reads a small file that is large inside.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	const size = 128 << 20 / share
	dir := t.TempDir()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	fmt.Fprint(z, `{"k":"`)
	zeros := make([]byte, 1<<20)
	for range max(2, size/len(zeros)) {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(z, "\"}\n"+`{"k":"small"}`+"\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "in.ndjson.gz"), bomb.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.Replace(counting, "in.ndjson", "in.ndjson.gz", 1))
	w := weigh(t, dir, "--state", "state", "p")
	if len(w.dead) != 1 || w.dead[0].Code != "too_large" || counts(t, dir)["small"] != 1 {
		t.Fatalf("%d dead letters, counts %v", len(w.dead), counts(t, dir))
	}
	t.Logf("%d KiB that are %d MiB: %s; %d MiB of memory", bomb.Len()>>10, size>>20, w.dead[0].Message, w.peak>>20)
	w.takesAtMost(t, 128<<20)
}
