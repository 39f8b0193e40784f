package main

// pluginHarms are what the plugin of the design plugin does for a record whose value is the negative of the number here,
// counted from 1. Its own list is guests/harness/pass.go.
func pluginHarms() []struct{ name, doc string } {
	return []struct{ name, doc string }{
		{"exit", "ends"},
		{"panic", "panics"},
		{"hang", "never answers"},
	}
}

// pluginScenarios are those of a stage and a sink in a process of their own.
func pluginScenarios() []scenario {
	through := design{byFile, plugin, byFile}
	all := []scenario{
		{
			fault: "plugin-kill9", doc: "kill -9 of the process of a plugin, which has a stage and a sink, and of the engine",
			design: through, work: workload{keys: 16}, cycles: 60, short: 6, inject: killPluginOrEngine, ready: buildHarness, absent: noChildren,
		}, {
			fault: "plugin-freeze", doc: "the process of a plugin stands still until it is taken for hung",
			design: through, work: workload{keys: 16}, cycles: 5, inject: freezePlugin, ready: buildHarness, absent: noChildren,
		},
	}
	for k, h := range pluginHarms() {
		all = append(all, scenario{
			fault: "plugin-" + h.name, doc: "now and then a record for which the process of a plugin " + h.doc,
			design: through, work: workload{keys: 16, harm: 0.0002, harmOf: k + 1}, cycles: 5, inject: goOn, ready: buildHarness,
		})
	}
	return all
}
