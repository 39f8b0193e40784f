// Package sinks holds the built-in sinks that need no connection to a system
// elsewhere: file, stdout, http and discard. Each is a [plugins.SinkKind] with
// nothing that a sink from elsewhere could not have.
//
// [Register] puts them into a registry. The process's standard output is given
// to it, so that nothing here reaches for it behind the caller's back:
//
//	var r plugins.Registry
//	if err := sinks.Register(&r, sinks.Streams{Out: os.Stdout}); err != nil {
//		return err
//	}
//	kind, ok := r.Sink("file")
//
// The engine encodes: what a sink gets are the bytes of each record, and
// records that stand next to each other are written with one write.
package sinks
