// Package host runs WebAssembly behaviours of the interface onstream_v1 (wasm/sdk/ABI.md).
//
// [Inspect] takes a module apart and finds out whether it may run: its sizes, its imports, its exports and its
// manifest. [Load] changes it so that it can be stopped and compiles it, once for all instances; a [Module] makes
// [Instance]s, each of which is used by one goroutine at a time:
//
//	d, err := host.Inspect(bytes)
//	m, err := host.Load(ctx, bytes, host.Config{Limits: host.DefaultLimits()})
//	i, err := m.Instantiate(host.NewLog(logger, 100), now, settings)
//	i.Begin(host.Call{Rows: n, ...})
//	frame, err := i.Input(size)  // memory of the guest, to fill
//	out, err := i.Process()      // memory of the guest, to read before the next call
//
// Modules that were written for another host have an [Interface]: [InspectFor] takes them apart, and [Module.Start] makes an
// instance of one, whose functions are called by [Instance.Call].
//
// Nothing but the time that a call takes is told by a clock of the machine, and that is asked from the goroutine that
// runs the guest: every 50,000 steps, and every 256 calls of the host. There is no watchdog beside it, which on a
// busy machine would be late itself. Of the time between two such moments at most 10 ms count, so that a
// machine that stood still does not make a guest guilty.
package host
