package reference_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/onstream/onstream/cli/reference"
	"github.com/onstream/onstream/plugins"
)

// What stages take because others do follows from what their kinds are.
func TestKindsTakeWhatOthersDo(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, err := range []error{
		r.AddConnector(plugins.ConnectorKind{Name: "pipe"}),
		r.AddSource(plugins.SourceKind{Name: "tap", Via: "pipe", Keyed: true, Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Redelivers: true}
		}}),
		r.AddSink(plugins.SinkKind{Name: "basin", Via: "pipe", Payload: true}),
		r.AddCodec(plugins.Codec{Name: "foam", Doc: "Bubbles."}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, k := range reference.Kinds(r) {
		if k.Role != reference.Aggregate {
			got = append(got, fmt.Sprint(k.Role, " ", k.Name, " ", k.Common))
		}
	}
	want := []string{
		"connector pipe []",
		"source tap [via key spool on_error]",
		"source well [format schema on_error]",
		"transform weave [from key lookup on_error]",
		"lookup map []",
		"sink basin [from via key format retry on_error]",
		"format foam []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
