package sources

import (
	"io"

	"github.com/onstream/onstream/plugins"
)

// Streams are the streams of the process that sources may use.
type Streams struct {
	In io.Reader // read by stdin; nil is an empty input
}

// Register adds the built-in sources to r.
func Register(r *plugins.Registry, s Streams) error {
	for _, k := range []plugins.SourceKind{
		fileKind(),
		httpKind(),
		simulateKind(),
		stdinKind(s.In),
		timerKind(),
	} {
		if err := r.AddSource(k); err != nil {
			return err
		}
	}
	return nil
}
