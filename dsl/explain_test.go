package dsl_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/runtime/graph"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	p := build(t, `
schema "reading" {
  fields = { device = string, temp_c = optional(float) }
}

locals { limit = 3 }

source "feed" "in" {
  schema   = schema.reading
  token    = "hunter2"
  on_error = "drop"
}

transform "filter" "usable" {
  from  = source.in
  where = event.temp_c != null
}

transform "map" "named" {
  from = transform.usable
  emit = {
    device = upper(event.device)
    over   = event.temp_c > local.limit * 2.5
  }
}

sink "print" "out" {
  from = transform.named
}
`, dsl.Options{})
	e, err := p.Explain("transform.named")
	if err != nil {
		t.Fatal(err)
	}
	if e.Kind != "map" || e.Role != graph.Transform || e.Inputs[0] != "transform.usable" {
		t.Errorf("%+v", e)
	}
	if got := e.In.String(); got != "record({device = string, temp_c = float})" {
		t.Errorf("the input is %s", got)
	}
	if got := e.Outputs[0].Shape.Type.String(); got != "record({device = string, over = bool})" {
		t.Errorf("the output is %s", got)
	}
	var paths []string
	for _, a := range e.Attributes {
		paths = append(paths, string(a.Phase)+" "+a.Path)
	}
	if got := strings.Join(paths, ", "); got != "reference from, event emit.device, event emit.over" {
		t.Errorf("attributes: %s", got)
	}
	over := e.Attributes[2]
	if over.Text != "event.temp_c > local.limit * 2.5" || over.Type.String() != "bool" || over.Reads[0].Name != "temp_c" {
		t.Errorf("%+v", over)
	}
	if len(over.Folded) != 1 || over.Folded[0].Source != "local.limit * 2.5" || over.Folded[0].Value != "7.5" {
		t.Errorf("folded: %+v", over.Folded)
	}
	source, err := p.Explain("source.in")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range source.Attributes {
		if strings.Contains(a.Text, "hunter2") {
			t.Error("a secret is shown")
		}
	}
	if _, err := p.Explain("transform.name"); err == nil || !strings.Contains(err.Error(), `did you mean "transform.named"?`) {
		t.Error(err)
	}
}

// TestShapes follows records through several ways that meet again.
func TestShapes(t *testing.T) {
	t.Parallel()
	p := build(t, `
schema "a" {
  fields = { same = int, kind = int, only_a = string }
}

schema "b" {
  fields = { same = int, kind = string, only_b = string }
}

schema "c" {
  fields = { ns = list(int), at = time, map = map(int), rec = record({ x = int }), may = int }
}

schema "d" {
  fields = { ns = list(string), at = time("ms"), map = map(int), rec = record({ y = int }), may = optional(int) }
}

source "feed" "c" {
  schema   = schema.c
  on_error = "drop"
}

source "feed" "d" {
  schema   = schema.d
  on_error = "drop"
}

sink "print" "cd" {
  from = [source.c, source.d]
}

source "feed" "a" {
  schema   = schema.a
  on_error = "drop"
}

source "feed" "b" {
  schema   = schema.b
  on_error = "drop"
}

source "feed" "free" { on_error = "drop" }

source "tick" "ticks" {}

source "once" "text" {
  format   = "raw"
  on_error = "drop"
}

transform "unpack" "inner" {
  from     = source.text
  value    = event.value
  schema   = schema.a
  on_error = "drop"
}

sink "print" "ab" {
  from = [source.a, source.b]
}

sink "print" "aa" {
  from = [source.a, source.a.errors]
}

sink "print" "any" {
  from = [source.a, source.free]
}

sink "print" "columns" {
  from = [source.ticks, source.a]
}

transform "filter" "mixed" {
  from  = [source.ticks, source.free]
  where = event.n == 1 && event.gps.lat == 2 && event.at.x == 3
}

sink "print" "mixed" {
  from = transform.mixed
}

sink "print" "unpacked" {
  from = transform.inner
}
`, dsl.Options{})
	for addr, want := range map[string]string{
		"sink.ab":       "json record({same = int, kind = any, only_a = optional(string), only_b = optional(string)})",
		"sink.any":      "json any",
		"sink.cd":       "json record({ns = list(any), at = any, map = map(int), rec = record({x = optional(int), y = optional(int)}), may = optional(int)})",
		"sink.columns":  "record({at = optional(time), n = optional(int), same = optional(int), kind = optional(int), only_a = optional(string)})",
		"sink.unpacked": "json record({same = int, kind = int, only_a = string})",
	} {
		in := p.Graph.Stage(addr).In
		if got := strings.TrimSpace(in.Format + " " + in.Type.String()); got != want {
			t.Errorf("%s is given %s, want %s", addr, got, want)
		}
	}
	// What is a column on one way is read as a whole, what never is by path.
	var reads []string
	for _, f := range p.Graph.Stage("transform.mixed").Config.Expr("where").Reads() {
		reads = append(reads, f.Name)
	}
	if got := strings.Join(reads, " "); got != "at gps/lat n" {
		t.Errorf("from columns and payloads, %s are read", got)
	}
	if got := p.Graph.Stage("transform.inner").In.Type.String(); got != "record({value = string})" {
		t.Errorf("a format's own type is %s", got)
	}
}
