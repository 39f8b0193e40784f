//go:build !wasip1

package timers

// Where there is no host, there are no timers.
var noHost = func() int32 { // a variable: what calls it does not count as what never returns
	panic("onstream: there is no host here: run the behaviour with onstream module test")
}

func hostSet(uint32, uint32, int64, int64) int32 { return noHost() }

func hostClear(uint32, uint32, int64) int32 { return noHost() }

var _ = onTimer // the export is only where there is a host
