package golden

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/manifest"
)

// Mismatch is a place where a module makes something else than what is wanted.
type Mismatch struct {
	File   string
	Step   int    // from 1
	Doc    string // what the step shows, "" where it does not say
	What   string // such as "record 2 of side: value"
	Wanted string
	Got    string
}

// String tells it in lines.
func (m Mismatch) String() string {
	s := step{doc: m.Doc}
	return fmt.Sprintf("%s: step %d%s: %s\n  wanted %s\n  got    %s", m.File, m.Step, s.about(), m.What, m.Wanted, m.Got)
}

// comparison finds the mismatches of a step.
type comparison struct {
	stage *stage
	step  *step
	found []Mismatch
}

func (c *comparison) add(what, wanted, got string) {
	c.found = append(c.found, Mismatch{c.stage.file.name, c.step.number, c.step.doc, what, wanted, got})
}

// compare finds what a step has made otherwise.
func (s *stage) compare(step *step) ([]Mismatch, error) {
	c := &comparison{stage: s, step: step}
	for i, w := range step.want {
		if w.Port != nil && !slices.Contains(s.ports, *w.Port) {
			return nil, fmt.Errorf("wanted record %d: the module has no port %q: correct the name", i, *w.Port)
		}
		if w.Row != nil && s.says.Returns == manifest.Records {
			return nil, fmt.Errorf("wanted record %d: the module returns records, which have no rows: leave row out", i)
		}
	}
	for _, port := range s.ports {
		if err := c.port(port); err != nil {
			return nil, err
		}
	}
	c.failures()
	c.logs()
	c.metrics()
	return c.found, nil
}

// port compares the records of a port.
func (c *comparison) port(port string) error {
	of := ""
	if port != "" {
		of = " of " + port
	}
	want := slices.DeleteFunc(slices.Clone(c.step.want), func(r record) bool { return r.Port == nil && port != "" || r.Port != nil && *r.Port != port })
	have := slices.DeleteFunc(slices.Clone(c.stage.out.records), func(g got) bool { return g.port != port })
	if len(want) != len(have) {
		c.add("records"+of, list(want, showRecord), list(have, c.showGot))
		return nil
	}
	for i := range want {
		if err := c.record(fmt.Sprintf("record %d%s", i, of), &want[i], &have[i]); err != nil {
			return fmt.Errorf("wanted record %d%s: %w", i, of, err)
		}
	}
	return nil
}

// record compares what is wanted of a record.
func (c *comparison) record(what string, w *record, g *got) error {
	differs := func(part, wanted, got string) { c.add(what+": "+part, wanted, got) }
	if w.Row != nil && *w.Row != int(g.row) {
		differs("row", fmt.Sprint(*w.Row), fmt.Sprint(g.row))
	}
	if w.Value.set && !w.Value.is(g.value) {
		differs("value", w.Value.shown(), quoted(string(g.value)))
	}
	if w.Key.set && !w.Key.is(g.key) {
		differs("key", w.Key.shown(), quoted(string(g.key)))
	}
	if w.Time.set && (w.Time.none != (g.time == nil) || g.time != nil && w.Time.UnixNano() != *g.time) {
		differs("time", showTime(w.Time), showNanos(g.time))
	}
	if w.Headers != nil && !w.Headers.are(g.headers) {
		differs("headers", w.Headers.shown(), fmt.Sprintf("%q", g.headers))
	}
	for _, f := range c.stage.says.Outputs {
		src, ok := w.Columns[f.Name]
		if !ok {
			continue
		}
		v, err := typedValue(f.Type, src)
		if err != nil {
			return err
		}
		if have := g.columns[f.Name]; have != v {
			differs(f.Name, v.String(), have.String())
		}
	}
	for name := range w.Columns {
		if _, ok := g.columns[name]; !ok {
			return fmt.Errorf("the module has no output %q: correct the name", name)
		}
	}
	return nil
}

// failures compares the records that fail.
func (c *comparison) failures() {
	byRow := func(a, b plugins.Failure) int { return cmp.Compare(a.Row, b.Row) }
	have := c.stage.out.failed
	slices.SortStableFunc(have, byRow)
	same := len(have) == len(c.step.failed)
	for i := 0; same && i < len(have); i++ {
		w := c.step.failed[i]
		same = (w.Row == nil || *w.Row == int(have[i].Row)) && (w.Code == "" || w.Code == have[i].Code) && strings.Contains(have[i].Msg, w.Msg)
	}
	if !same {
		c.add("records that fail", list(c.step.failed, showFailed), list(have, func(f plugins.Failure) string {
			return fmt.Sprintf("row %d: %s: %s", f.Row, f.Code, f.Msg)
		}))
	}
}

// logs looks for lines.
func (c *comparison) logs() {
	rest := string(c.stage.lines.text)
	for _, part := range c.step.logs {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			c.add("lines that are logged", quoted(part), quoted(rest))
			return
		}
		_, rest, _ = strings.Cut(after, "\n")
	}
}

// metrics looks at what has been measured since the beginning.
func (c *comparison) metrics() {
	have := map[string]float64{}
	for _, v := range c.stage.metrics.Values() {
		if have[v.Name] = v.Value; v.Kind == plugins.Histogram {
			have[v.Name] = 0
			for _, n := range v.Buckets {
				have[v.Name] += float64(n)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.step.metrics)) {
		got, ok := have[name]
		switch want := c.step.metrics[name]; {
		case !ok:
			c.add("metric "+name, fmt.Sprint(want), "no such metric")
		case want != got:
			c.add("metric "+name, fmt.Sprint(want), fmt.Sprint(got))
		}
	}
}

// maxListed is how many records are shown.
const maxListed = 10

func list[T any](all []T, show func(T) string) string {
	if len(all) == 0 {
		return "none"
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%d", len(all))
	for i, x := range all {
		if i == maxListed {
			s.WriteString("\n    ...")
			break
		}
		s.WriteString("\n    " + show(x))
	}
	return s.String()
}

func showRecord(r record) string {
	var parts []string
	if r.Row != nil {
		parts = append(parts, fmt.Sprintf("row %d", *r.Row))
	}
	if r.Key.set {
		parts = append(parts, "key "+r.Key.shown())
	}
	if r.Value.set {
		parts = append(parts, "value "+r.Value.shown())
	}
	if r.Columns != nil {
		if text, err := json.Marshal(r.Columns); err == nil {
			parts = append(parts, string(text))
		}
	}
	if parts == nil {
		return "any record"
	}
	return strings.Join(parts, ", ")
}

// showGot shows a record: one that was given by its row.
func (c *comparison) showGot(g got) string {
	switch {
	case c.stage.says.Returns == manifest.Records:
		return fmt.Sprintf("key %s, value %s", quoted(string(g.key)), quoted(string(g.value)))
	case g.columns == nil:
		return fmt.Sprintf("row %d", g.row)
	}
	return fmt.Sprintf("row %d, %v", g.row, g.columns)
}

func showFailed(f failed) string {
	s := "row "
	if f.Row == nil {
		s = "any row"
	} else {
		s += fmt.Sprint(*f.Row)
	}
	return strings.TrimSuffix(s+": "+f.Code+": "+f.Msg, ": ")
}

func showTime(t instant) string {
	if t.none {
		return "none"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func showNanos(ns *int64) string {
	if ns == nil {
		return "none"
	}
	return time.Unix(0, *ns).UTC().Format(time.RFC3339Nano)
}
