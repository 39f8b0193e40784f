package main

import (
	"context"
	"slices"

	"github.com/onstream/onstream/chaos/bus"
)

// A scenario is a fault and what it meets.
type scenario struct {
	fault string
	doc   string
	design
	work    workload
	cycles  int       // in a full run
	short   int       // in a short one; 0 leaves the scenario out
	pace    int       // records a second at most, of what takes no more; 0 for any
	mayStop bool      // whether the fault is a reason for the engine to end by itself
	over    *bus.Kind // what records go by, nil for no bus
	relayed bool      // whether a relay is between the engine and its bus
	// declared is what the bus does not promise: such a gate is told, and does not fail the run.
	declared map[gate]string
	// inject brings the fault about once.
	inject func(ctx context.Context, t *trial) error
	// wrapper is a command that the engine is started by.
	wrapper []string
	// absent says what the scenario needs and this machine has not, "" for
	// nothing.
	absent func() string
	// ready prepares the machine before the engine starts, and clear undoes it.
	ready func(ctx context.Context, t *trial) error
	clear func(t *trial) error
}

// scenarios returns all of them, in the order in which they run.
func scenarios() []scenario {
	fileToFile := design{byFile, plain, byFile}
	httpToHTTP := design{byHTTP, dedupe, byHTTP}
	httpToFile := design{byHTTP, dedupe, byFile}
	plant := workload{keys: 16}
	large := workload{keys: 16, pad: 1000} // so that files of the spool come and go
	return append([]scenario{
		{
			fault: "kill9", doc: "kill -9 at random moments; files are read, and written",
			design: fileToFile, work: plant, cycles: 200, short: 14, inject: killAtRandom,
		}, {
			fault: "kill9-http", doc: "the same with requests that are taken, and sent to a receiver that keeps an entry once",
			design: httpToHTTP, work: large, cycles: 120, short: 8, inject: killAtRandom,
		}, {
			fault: "slowstep", doc: "kill -9 while one step of each checkpoint takes 40 ms",
			design: fileToFile, work: plant, cycles: 40, short: 5, inject: killAtSlowStep,
		}, {
			fault: "failpoint", doc: "kill -9 at each step of a checkpoint",
			design: fileToFile, work: plant, cycles: 6 * len(faultpoints()), short: len(faultpoints()), inject: killAtPoint,
		}, {
			fault: "failpoint-http", doc: "the same with requests and a receiver",
			design: httpToHTTP, work: large, cycles: 3 * len(faultpoints()), inject: killAtPoint,
		}, {
			fault: "sigstop", doc: "the process stands still for up to 1.5 s, and is sometimes killed then",
			design: fileToFile, work: plant, cycles: 10, inject: standStill,
		}, {
			fault: "twice", doc: "another engine is started on the same state, sometimes while the first one stands still",
			design: fileToFile, work: plant, cycles: 10, short: 2, inject: startTwice,
		}, {
			fault: "sigterm", doc: "asked to end, under load; nothing at all may come twice",
			design: fileToFile, work: plant, cycles: 15, short: 2, inject: endOrderly,
		}, {
			fault: "sinkdown", doc: "the receiver hangs up, is busy, slow or flapping, does not answer, takes half of a request",
			design: httpToHTTP, work: large, cycles: 40, short: 6, inject: sinkDown,
		}, {
			fault: "diskfull", doc: "no room for the state; sometimes killed then",
			design: fileToFile, work: plant, cycles: 10, inject: fillDisk, mayStop: true,
			absent: noMount, ready: mountState, clear: unmountState,
		}, {
			fault: "diskfull-http", doc: "no room for the spool either",
			design: httpToFile, work: large, cycles: 10, inject: fillDisk, mayStop: true,
			absent: noMount, ready: mountState, clear: unmountState,
		}, {
			fault: "filelimit", doc: "no file may grow behind 16 KiB for a while (prlimit), neither of state nor of sinks",
			design: fileToFile, work: plant, cycles: 10, inject: limitFiles, mayStop: true, absent: noPrlimit,
		}, {
			fault: "fsync", doc: "an fsync fails with EIO (strace)",
			design: fileToFile, work: plant, cycles: 10, inject: failFsync, mayStop: true, absent: noStrace,
		}, {
			fault: "fsync-http", doc: "the same with a spool",
			design: httpToFile, work: large, cycles: 10, inject: failFsync, mayStop: true, absent: noStrace,
		}, {
			fault: "slowfsync", doc: "every fsync takes 50 ms longer (strace), and kill -9",
			design: httpToFile, work: large, cycles: 5, inject: killAtRandom, wrapper: straced("fsync,fdatasync,sync_file_range", "delay_enter=50000"), absent: noStrace,
		}, {
			fault: "nofile", doc: "no file descriptors are left",
			design: httpToFile, work: large, cycles: 10, inject: exhaustFiles, mayStop: true, wrapper: limited(64),
		}, {
			fault: "stateloss", doc: "the state directory is gone at a start; files are read from their beginning",
			design: fileToFile, work: plant, cycles: 3, inject: loseState,
		}, {
			fault: "reload", doc: "SIGHUP with changed, broken and mended files, and kill -9",
			design: fileToFile, work: plant, cycles: 30, inject: reload,
		}, {
			fault: "duplicates", doc: "30 % of the records come twice, and kill -9",
			design: design{byFile, dedupe, byFile}, work: workload{keys: 16, copies: 0.3}, cycles: 20, inject: killAtRandom,
		}, {
			fault: "shuffled", doc: "records come in any order within the lateness, and kill -9",
			design: fileToFile, work: workload{keys: 16, shuffle: lateness}, cycles: 20, inject: killAtRandom,
		}, {
			fault: "poison", doc: "5 % of the lines are no records, and kill -9",
			design: fileToFile, work: workload{keys: 16, poison: 0.05}, cycles: 20, inject: killAtRandom,
		}, {
			fault: "hotkey", doc: "99 % of the records are of one device, and kill -9",
			design: fileToFile, work: workload{keys: 16, hot: 0.99}, cycles: 20, inject: killAtRandom,
		}, {
			fault: "ahead", doc: "2 % of the records have a clock that is a day ahead, and kill -9",
			design: fileToFile, work: workload{keys: 16, ahead: 0.02}, cycles: 20, inject: killAtRandom,
		},
	}, slices.Concat(wasmScenarios(), pluginScenarios(), storeScenarios(), busScenarios())...)
}
