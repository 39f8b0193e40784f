// Package plugintest is what every plugin must pass: the same checks for what is
// built in, for modules and for plugins in a process of their own, as far as a kind says that it
// can do what they are about. Each promise of the contracts in package plugins that can be seen from
// outside is a check.
//
// A case takes a kind and a function that opens something fresh to test it with: a
// configuration, an environment, and the other end, such as the file that a
// source reads. What the kind promises is what it declares in its [plugins.Capabilities]; what else
// there is to know stands in the case.
//
//	func TestConformance(t *testing.T) {
//		plugintest.Source(t, plugintest.SourceCase{
//			Kind: kind,
//			Ends: true,
//			Open: func(t testing.TB) plugintest.Input {
//				path := filepath.Join(t.TempDir(), "in.ndjson")
//				return plugintest.Input{Config: config(path), Put: func(value string) error { return add(path, value) }}
//			},
//		})
//	}
//
// The checks are hard on memory: what a plugin has given away, or was given for the time of a
// call, is overwritten; rows that are not alive hold what no plugin may look
// at. They wait for conditions, so that they are as fast as the plugin. Goroutines
// that a plugin starts are known by a label that they inherit, whatever else runs in the
// process.
//
// The log of each check has a line for programs:
//
//	PLUGINTEST source=file check=resume verdict=proved
//
// The verdict is proved, failed or undeclared. [Outlet] and [Emitter], written by
// hand, stand for the engine, and serve other tests too.
package plugintest
