package sinks

import (
	"io"

	"github.com/onstream/onstream/plugins"
)

// Streams are the streams of the process that sinks may use.
type Streams struct {
	Out io.Writer // written by stdout; nil takes nothing
}

// Register adds the built-in sinks to r.
func Register(r *plugins.Registry, s Streams) error {
	for _, k := range []plugins.SinkKind{
		discardKind(),
		fileKind(),
		httpKind(),
		stdoutKind(s.Out),
	} {
		if err := r.AddSink(k); err != nil {
			return err
		}
	}
	return nil
}
