package reference_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/plugins"
)

// What connections promise is asked of their kinds, with a block of defaults.
func TestConnectors(t *testing.T) {
	t.Parallel()
	r := &plugins.Registry{}
	pipe := plugins.ConnectorKind{
		Name: "pipe",
		Schema: plugins.Schema{Doc: "A pipe.", Attrs: []plugins.Attr{
			{Name: "lossy", Type: plugins.AttrBool, Default: true, Doc: "Whether it leaks."},
		}},
		Reads: func(c plugins.Config) (plugins.Capabilities, error) {
			can := plugins.Capabilities{Redelivers: true, Ordered: true}
			if _, block := c.Connector(); block.Bool("lossy") {
				can.Weakens = "it leaks | drips"
			}
			return can, nil
		},
		Writes: func(plugins.Config) (plugins.Capabilities, error) {
			return plugins.Capabilities{Ordered: true, Weakens: "it freezes"}, nil
		},
	}
	if err := r.AddConnector(pipe); err != nil {
		t.Fatal(err)
	}
	if err := r.AddConnector(plugins.ConnectorKind{Name: "well"}); err != nil {
		t.Fatal(err)
	}
	doc, err := reference.Update([]byte("<!-- begin generated: promises --><!-- end generated -->\n<!-- begin generated: connectors --><!-- end generated -->\n"), reference.Connectors(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `pipe` | – | yes | – | yes | it leaks \\| drips; it freezes |\n<!-- end",
		"### `connector \"pipe\"`\n\nA pipe.",
		"| `lossy` | bool | `true` | Whether it leaks. |",
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("there is no %q in\n%s", want, doc)
		}
	}
}
