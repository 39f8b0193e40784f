package reference_test

import (
	"context"
	"strings"
	"testing"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

const document = `intro
<!-- begin generated: sources -->
old text
<!-- end generated -->
<!-- begin generated: transforms --><!-- end generated -->
<!-- begin generated: sinks --><!-- end generated -->
<!-- begin generated: formats --><!-- end generated -->
between
<!-- begin generated: lookups --><!-- end generated -->
<!-- begin generated: functions --><!-- end generated -->
<!-- begin generated: plugin --><!-- end generated -->
<!-- begin generated: aggregates --><!-- end generated -->
end
`

// registry has one source with every sort of attribute.
func registry(t *testing.T) *plugins.Registry {
	t.Helper()
	r := &plugins.Registry{}
	err := r.AddSource(plugins.SourceKind{
		Name:    "well",
		Payload: true,
		Schema: plugins.Schema{
			Doc:     "Brings up what is below.",
			Example: "source \"well\" \"garden\" {\n  depth = 12\n}",
			Attrs: []plugins.Attr{
				{Name: "depth", Type: plugins.AttrInt, Required: true, Min: plugins.Bound(1), Max: plugins.Bound(99), Doc: "In metres."},
				{Name: "bucket", Type: plugins.AttrSize, Default: int64(3 << 20), Doc: "What one turn brings."},
				{Name: "mode", Type: plugins.AttrString, Default: "wet", Enum: []string{"wet", "dry"}, Doc: "Either | or."},
			},
			Blocks: []plugins.Block{{
				Name: "rope", Label: "colour", Repeated: true, Doc: "One of the ropes.",
				Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "when", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Bool), Doc: "When it is used."},
				}},
			}},
		},
		New: func(plugins.Config, plugins.Env) (plugins.Source, error) { return nil, context.Canceled },
	})
	if err == nil {
		err = r.AddTransform(weaveKind())
	}
	if err == nil {
		err = r.AddLookup(plugins.LookupKind{Name: "map", Schema: plugins.Schema{Doc: "Shows the way."}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// weaveKind is a transform with everything that one may have.
func weaveKind() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "weave", Keyed: true, Ports: []string{"warp", "weft"}, Lookup: true,
		Stateful: true,
		Schema: plugins.Schema{Doc: "Makes cloth.", Attrs: []plugins.Attr{
			{Name: "time", Type: plugins.AttrPortExprs, Want: plugins.Of(plugins.Time), Doc: "When."},
			{Name: "emit", Type: plugins.AttrAggregation, Doc: "What comes out."},
		}},
		Locals: func(attr string, in []plugins.Shape, _ plugins.Config) ([]plugins.Local, bool) {
			if attr != "emit" {
				return nil, true
			}
			cloth := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "width"}, {Name: "length"}}}
			return []plugins.Local{{Root: "cloth", Type: cloth, Doc: "What there is."}, {Root: "warp", Type: in[0].Type, Doc: "One thread."}}, false
		},
		New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return nil, context.Canceled },
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	functions := []*expr.Function{{Name: "deep::down", Category: "depths", Doc: "Goes down.", Examples: []expr.Example{{Expr: "deep::down(1)", Result: "0"}}}}
	once, err := reference.Update([]byte(document), reference.Language(registry(t), functions))
	if err != nil {
		t.Fatal(err)
	}
	const want = `intro
<!-- begin generated: sources -->
### ` + "`source \"well\"`" + `

Brings up what is below.

` + "```hcl\nsource \"well\" \"garden\" {\n  depth = 12\n}\n```" + `

| attribute | type | default | |
|---|---|---|---|
| ` + "`depth`" + ` | int | required | In metres. From 1 to 99. |
| ` + "`bucket`" + ` | size | ` + "`\"3MiB\"`" + ` | What one turn brings. |
| ` + "`mode`" + ` | ` + "`wet`, `dry`" + ` | ` + "`\"wet\"`" + ` | Either \| or. |

Block ` + "`rope \"COLOUR\"`" + ` (may be repeated): One of the ropes.

| attribute | type | default | |
|---|---|---|---|
| ` + "`when`" + ` | bool expression |  | When it is used. |

Takes ` + "`format` (required) and `schema`" + `.

<!-- end generated -->
`
	if !strings.HasPrefix(string(once), want) {
		t.Errorf("got\n%s\nwant\n%s", once, want)
	}
	for _, want := range []string{
		"| `time` | time expression for each input |",
		"| `emit` | object of aggregates |",
		"Has the inputs `warp` and `weft`: `from = { warp = ..., weft = ... }`, and `key` likewise, or one expression for all. Takes a block `lookup \"KIND\"`, see [look-ups](#look-ups). Keeps [state](#state).",
		"Names in `emit`:\n\n- `cloth.width`, `cloth.length`: What there is.\n- `warp`: One thread.\n\n",
		"### `lookup \"map\"`\n\nShows the way.",
		"| `agg::count([x])` |",
	} {
		if !strings.Contains(string(once), want) {
			t.Errorf("%s is missing in\n%s", want, once)
		}
	}
	if !strings.Contains(string(once), "| Goes down. | `deep::down(1)` → `0` |") {
		t.Errorf("the function is missing in\n%s", once)
	}
	twice, err := reference.Update(once, reference.Language(registry(t), functions))
	if err != nil {
		t.Fatal(err)
	}
	if string(twice) != string(once) {
		t.Errorf("a second update changes\n%s\nto\n%s", once, twice)
	}
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, want string }{
		{"a section that is missing", "begin generated: sinks", "nothing", "these sections are missing: [sinks]"},
		{"a section that nobody knows", "generated: sinks", "generated: sings", `there is no section "sings"`},
		{"a section twice", "generated: sinks", "generated: sources", `there is no section "sources", or it is there twice`},
		{"a section without end", "aggregates --><!-- end generated -->", "aggregates -->", `section "aggregates" has no end`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := reference.Update([]byte(strings.Replace(document, test.old, test.new, 1)), reference.Language(&plugins.Registry{}, nil))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}
