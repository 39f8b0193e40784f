// Package sources holds the built-in sources that need no connection to a
// system elsewhere: file, stdin, http, timer and simulate. Each is a
// [plugins.SourceKind] with nothing that a source from elsewhere could not
// have.
//
// [Register] puts them into a registry. The process's standard input is given
// to it, so that nothing here reaches for it behind the caller's back:
//
//	var r plugins.Registry
//	if err := sources.Register(&r, sources.Streams{In: os.Stdin}); err != nil {
//		return err
//	}
//	kind, ok := r.Source("file")
//
// Sources of payloads cut their input into records with the framing of their
// format and look no further into it: what a record holds is found out by
// whoever reads its fields.
package sources
