package reference_test

import (
	"context"
	"strings"
	"testing"

	"github.com/onstream/onstream/cmd/onstream/reference"
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
<!-- begin generated: functions --><!-- end generated -->
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
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	functions := []*expr.Function{{Name: "deep::down", Category: "depths", Doc: "Goes down.", Examples: []expr.Example{{Expr: "deep::down(1)", Result: "0"}}}}
	once, err := reference.Update([]byte(document), registry(t), functions)
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
	if !strings.Contains(string(once), "| Goes down. | `deep::down(1)` → `0` |") {
		t.Errorf("the function is missing in\n%s", once)
	}
	twice, err := reference.Update(once, registry(t), functions)
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
		{"a section without end", "functions --><!-- end generated -->", "functions -->", `section "functions" has no end`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := reference.Update([]byte(strings.Replace(document, test.old, test.new, 1)), &plugins.Registry{}, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}
