package transforms

import (
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// The text that describes what a stage keeps is compared with the one of what
// is stored, and read by people. Its name of a kind is added by the engine.

// byText says by which key something is kept, and by which clock.
func byText(c plugins.Config, keys ...plugins.Expr) string {
	var s strings.Builder
	for k, key := range keys {
		switch {
		case key == nil:
			continue
		case k == 0:
			s.WriteString(" by ")
		default:
			s.WriteString(" and ")
		}
		s.WriteString(exprText(key) + " (" + key.Type().String() + ")")
	}
	if c.String("clock") == "processing" {
		s.WriteString(" on the pipeline's clock")
	}
	return s.String()
}

// exprText is an expression without the types of what it reads, which do not
// matter to who has its value.
func exprText(x plugins.Expr) string {
	s := x.String()
	for _, f := range slices.Backward(x.Reads()) {
		s = strings.TrimSuffix(s, " "+f.Name+":"+f.Type.String())
	}
	return s
}

// callText is the call of an aggregate function: percentile(event.t, 0.5) of
// float.
func callText(call plugins.AggregateCall) string {
	var args []string
	var of string
	for _, x := range call.Args {
		args = append(args, exprText(x))
		of = " of " + x.Type().String()
	}
	for _, p := range call.Params {
		args = append(args, p.String())
	}
	return call.Func + "(" + strings.Join(args, ", ") + ")" + of
}
