package transforms

import (
	"fmt"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

// maxWindowPanes bounds into how many parts a window may be cut.
const maxWindowPanes = 10_000

func windowKind() plugins.TransformKind {
	attrs := []plugins.Attr{
		{Name: "tumbling", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Length of windows that follow each other, such as \"1m\": each record is in one."},
		{Name: "hopping", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Length of windows that overlap: one begins with each `every`."},
		{Name: "every", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Time from the beginning of one hopping window to that of the next."},
		{Name: "sliding", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Length of windows that end with a record: there is a result for each record, of it and those before it that are less than so much older. The values of so long a time are kept."},
		{Name: "session", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Pause that ends a window: it lasts as long as each record is less than so much older than the next. Its end is that of the pause."},
		{Name: "count", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(1e9), Doc: "Records in a window, in the order in which they come. Its start and end are the earliest and the latest of their times."},
		{Name: "step", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(1e9), Doc: "Records from the first one of a count window to that of the next; count, unless given."},
		{Name: "offset", Type: plugins.AttrDuration, Default: time.Duration(0), Doc: "Moves the beginning of tumbling and hopping windows, which is otherwise at multiples of their length, or `every`, since 1970 in UTC."},
		{Name: "early", Type: plugins.AttrDuration, Min: plugins.Bound(1e-6), Doc: "Emits what there is of a tumbling or session window each time its key's time has gone on by so much since the window's start. `window.final` is false in these results."},
		{Name: "forget", Type: plugins.AttrDuration, Default: 24 * time.Hour, Min: plugins.Bound(0), Doc: "By how much the time of the other keys has to go on before a silent key without open windows is forgotten, and with it which of its records would be late."},
	}
	attrs = append(attrs, eventTimeAttrs(plugins.AttrExpr)...)
	attrs = append(attrs, lateAttrs(optionalIdleAttr())...)
	attrs = append(attrs, maxKeysAttr(), plugins.Attr{
		Name: "max_hot", Type: plugins.AttrInt, Default: int64(1_000_000), Min: plugins.Bound(1),
		Doc: "Keys to keep in memory, in each lane. The others are read back when they are needed.",
	}, plugins.Attr{
		Name: "emit", Type: plugins.AttrAggregation, Required: true,
		Doc: "The fields of a result: what stands in calls of `agg::` is about each record of the window, the rest about the window.",
	})
	return plugins.TransformKind{
		Name: "window",
		Schema: plugins.Schema{
			Doc: "Aggregates the records of each key in windows, of time or of so many records. A window is closed and its result emitted when its key's own time, the latest that its records have told, has passed its end by `lateness`; so recorded data of any age gives the same results as live data, and no device makes another late. A record whose window is closed leaves by the output `late`.",
			Example: `transform "window" "minute" {
  from     = source.readings
  key      = event.device
  time     = event.ts
  tumbling = "1m"
  lateness = "30s"
  emit = {
    device = key
    until  = window.end
    peak   = agg::max(event.temperature)
    n      = agg::count()
  }
}`,
			Attrs: attrs,
		},
		Keyed:    true,
		Stateful: true,
		Locals: func(attr string, _ []plugins.Shape, c plugins.Config) ([]plugins.Local, bool) {
			if attr != "emit" {
				return nil, true
			}
			return append(keyLocal(c), windowLocal()), true
		},
		Outputs:   windowOutputs,
		StateJSON: windowJSON,
		Describe: func(c plugins.Config) plugins.Description {
			// With idle it depends on which of the others came first.
			return plugins.Description{State: windowStateText(c), Volatile: c.Has("idle") || byPipelineClock(c)}
		},
		New: newWindow,
	}
}

// windowLocal is what is known of a window besides its records.
func windowLocal() plugins.Local {
	return plugins.Local{
		Root: "window", Doc: "The window: when it starts and ends, and whether this is its last result.",
		Type: plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{
			{Name: "start", Type: plugins.Of(plugins.Time)},
			{Name: "end", Type: plugins.Of(plugins.Time)},
			{Name: "final", Type: plugins.Of(plugins.Bool)},
		}},
	}
}

func windowOutputs(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
	if err := checkEventTime(c); err != nil {
		return nil, err
	}
	if err := checkWindow(c); err != nil {
		return nil, err
	}
	emit := c.Aggregation("emit").Emit
	if len(emit) == 0 {
		return nil, plugins.ConfigErrorf("emit", "emit has no field: name at least one, such as n = agg::count()")
	}
	return []plugins.Output{
		{Shape: plugins.Columns(typesOf(emit)...)},
		{Name: "late", Shape: in, Optional: true},
	}, nil
}

// windowTypes are the attributes of which a stage has exactly one.
var windowTypes = [...]string{"tumbling", "hopping", "sliding", "session", "count"}

// windowType returns which of them that is; "" where it is not one.
func windowType(c plugins.Config) (typ string) {
	for _, name := range windowTypes {
		if c.Has(name) {
			if typ != "" {
				return ""
			}
			typ = name
		}
	}
	return typ
}

// checkWindow finds attributes of windows that do not go together.
func checkWindow(c plugins.Config) error {
	typ := windowType(c)
	if typ == "" {
		return plugins.ConfigErrorf("", "the stage has exactly one type of window: give one of %s", strings.Join(windowTypes[:], ", "))
	}
	for _, only := range []struct{ name, of string }{
		{"every", "hopping"}, {"step", "count"}, {"early", "tumbling session"},
	} {
		if c.Has(only.name) && !strings.Contains(only.of, typ) {
			return plugins.ConfigErrorf(only.name, "%s is for windows of type %s, not %s: remove it", only.name, strings.Replace(only.of, " ", " or ", 1), typ)
		}
	}
	size, every, step := c.Duration("hopping"), c.Duration("every"), c.Int("step")
	switch {
	case c.Duration("offset") != 0 && typ != "tumbling" && typ != "hopping":
		return plugins.ConfigErrorf("offset", "offset is for windows of type tumbling or hopping, not %s: remove it", typ)
	case c.Duration("lateness") > 0 && (typ == "count" || c.String("clock") == "processing"):
		return plugins.ConfigErrorf("lateness", "nothing is late where records count as they come: remove lateness")
	case typ == "hopping" && every == 0:
		return plugins.ConfigErrorf("every", "it is not known when hopping windows begin: give every = \"10s\", or use tumbling")
	case every > size:
		return plugins.ConfigErrorf("every", "%v is longer than the windows: records between them would be lost; give at most %v", every, size)
	case typ == "hopping" && size/gcd(size, every) > maxWindowPanes:
		return plugins.ConfigErrorf("every", "windows of %v every %v would be cut into more than %d parts: give a longer every, one that divides %v", size, every, maxWindowPanes, size)
	case step > c.Int("count"):
		return plugins.ConfigErrorf("step", "%d is more than count: records between the windows would be lost; give at most %d", step, c.Int("count"))
	case typ == "count" && step > 0 && c.Int("count")/gcd(c.Int("count"), step) > maxWindowPanes:
		return plugins.ConfigErrorf("step", "windows of %d every %d records would be cut into more than %d parts: give a step that divides count", c.Int("count"), step, maxWindowPanes)
	}
	return nil
}

func gcd[T int64 | time.Duration](a, b T) T {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// windowStateText describes what is kept for a key.
func windowStateText(c plugins.Config) string {
	var s strings.Builder
	switch typ := windowType(c); typ {
	case "count":
		fmt.Fprintf(&s, "count %d", c.Int("count"))
		if step := c.Int("step"); step > 0 && step < c.Int("count") {
			fmt.Fprintf(&s, " step %d", step)
		}
	case "hopping", "tumbling":
		size, every := c.Duration(typ), c.Duration("every")
		if every == 0 || every == size {
			every = size
			fmt.Fprintf(&s, "tumbling %v", size)
		} else {
			fmt.Fprintf(&s, "hopping %v every %v", size, every)
		}
		if offset := c.Duration("offset") % every; offset != 0 {
			fmt.Fprintf(&s, " offset %v", offset)
		}
	default:
		fmt.Fprintf(&s, "%s %v", typ, c.Duration(typ))
	}
	s.WriteString(byText(c, c.Expr("key")))
	for _, call := range c.Aggregation("emit").Calls {
		s.WriteString("; " + callText(call))
	}
	return s.String()
}
