// Package bustest is what every bus must pass: the same tests for all of them, as
// far as a bus says that it can do what they are about.
//
// A bus is tested over its [plugins.ConnectorKind] and the stages of the kind topic,
// as a pipeline would use it; an [Outlet] written by hand stands for the
// engine. [Run] is our own suite, and [Watermill] runs that of Watermill over the
// adapters of package connectors. A [Relay] between a bus and its server
// cuts, stalls and counts.
//
//	func TestConformance(t *testing.T) {
//		bustest.Run(t, bustest.Bus{
//			Register: memory.Register,
//			Kind:     "memory",
//			Server:   "in process",
//			Config:   func(testing.TB, string) plugins.Config { ... },
//			Features: bustest.Features{Keys: true, Headers: true, ...},
//		})
//	}
//
// For each capability, the log of the test has a line for programs:
//
//	CONFORMANCE bus=memory server="in process" capability=keys declared=yes verdict=proved
//
// The verdict is proved, failed, skipped (the server cannot be had, or there is none to
// pull the plug of) or undeclared; [Capabilities] lists the names.
package bustest
