package main

// harms are what the module of the design wasm does for a record whose value is the negative of the number here, counted
// from 1. Its own list is guests/tally/harm.go.
func harms() []struct{ name, doc string } {
	return []struct{ name, doc string }{
		{"error", "returns an error"},
		{"trap", "traps"},
		{"spin", "never returns"},
		{"recursion", "calls itself without end"},
		{"memory", "takes all memory that it gets"},
		{"state", "floods its state"},
		{"calls", "floods its host with calls"},
		{"logs", "floods the log"},
		{"space", "names a state that it has not"},
	}
}

// wasmScenarios are those of a stage whose totals are the work of a WebAssembly module.
func wasmScenarios() []scenario {
	tallied := design{byFile, wasm, byFile}
	all := []scenario{
		{
			fault: "wasm-kill9", doc: "kill -9 at random moments; totals are the state of a WebAssembly module",
			design: tallied, work: workload{keys: 16}, cycles: 100, short: 6, inject: killAtRandom, ready: buildTally,
		}, {
			fault: "wasm-failpoint", doc: "the same at each step of a checkpoint",
			design: tallied, work: workload{keys: 16}, cycles: 3 * len(faultpoints()), inject: killAtPoint, ready: buildTally,
		}, {
			fault: "wasm-harm", doc: "0.1 % of the records have the module do harm of any kind, and kill -9",
			design: tallied, work: workload{keys: 16, harm: 0.001}, cycles: 30, short: 3, inject: killAtRandom, ready: buildTally,
		},
	}
	for k, h := range harms() {
		all = append(all, scenario{
			fault: "wasm-" + h.name, doc: "0.1 % of the records have the module do harm, and the process lives: it " + h.doc,
			design: tallied, work: workload{keys: 16, harm: 0.001, harmOf: k + 1}, cycles: 5, inject: goOn, ready: buildTally,
		})
	}
	return all
}
