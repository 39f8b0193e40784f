package plugintest

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Environment returns env with what it lacks: a stage, a clock, a logger, a pool, and
// a framing of lines.
func Environment(env plugins.Env) plugins.Env {
	if env.Pipeline == "" {
		env.Pipeline = "test"
	}
	if env.Stage == "" {
		env.Stage = "stage.test"
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Logger == nil {
		env.Logger = slog.New(slog.DiscardHandler)
	}
	if env.Pool == nil {
		env.Pool = new(plugins.Pool)
	}
	if env.Framing.Splitter == nil && env.Framing.Terminator == nil {
		env.Framing = Lines()
	}
	return env
}

// Configure returns what the language makes of a block: the defaults of the
// schema and the values given, of the types that the getters of
// [plugins.Config] return.
func Configure(s plugins.Schema, values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	all := map[string]any{}
	for _, a := range s.Attrs {
		if a.Default != nil {
			all[a.Name] = a.Default
		}
	}
	for name, v := range values {
		all[name] = v
	}
	return plugins.NewConfig(all, blocks...)
}

// Lines returns the framing of a format with a record in each line that is not
// empty.
func Lines() plugins.Framing {
	return plugins.Framing{Splitter: func() plugins.Splitter { return lines{} }, Terminator: []byte("\n")}
}

type lines struct{}

// Split implements [plugins.Splitter].
func (lines) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		n := bytes.IndexByte(data[from:], '\n')
		next := from + n + 1
		if n < 0 {
			if !atEnd {
				break
			}
			n, next = len(data)-from, len(data)
		}
		if n > 0 {
			spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(n)})
		}
		from = next
	}
	return spans, from, nil
}
