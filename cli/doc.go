// Package cli is the command line of onstream, and the only place that wires the
// other packages together. The program of cmd/onstream is [Main] with the
// built-in kinds.
//
// A program of one's own has the same commands, and kinds beside the built-in
// ones: sources, transforms, sinks, formats, look-ups or connectors, such as
// any Watermill pub/sub (connectors.WatermillKind). They are registered by
// [Config.Register], with what package plugins offers: exactly what the built-in
// kinds use. Everything then knows them: validate and its diagnostics, run,
// plan, test, and kinds, which is their reference.
package cli
