//go:build !wasip1

package onstream

import (
	"fmt"
	"os"
	"time"
	"unsafe"
)

// Where there is no host, what a behaviour computes can be tested, what it asks of the host cannot.
var noHost = func() int32 { // a variable: what calls it does not count as what never returns
	panic("onstream: there is no host here: run the behaviour with onstream module test")
}

func hostLog(_ uint32, text unsafe.Pointer, n uint32) {
	fmt.Fprintf(os.Stderr, "%s\n", Input(text, n))
}

func hostLogEnabled(uint32) uint32 { return 1 }

func hostError(text unsafe.Pointer, n uint32) { hostLog(0, text, n) }

func hostNow() int64 { return time.Now().UnixMicro() }

func hostWatermark() int64 { return noTime }

func hostEmit(unsafe.Pointer, uint32) int32 { return noHost() }

func hostStateGet(_, _ uint32, _ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int32 {
	return noHost()
}

func hostStatePut(_, _ uint32, _ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32, _ int64) int32 {
	return noHost()
}

func hostStateDelete(_, _ uint32, _ unsafe.Pointer, _ uint32) int32 { return noHost() }

func hostStateGetMany(_ uint32, _ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int32 {
	return noHost()
}

func hostMetricDefine(uint32, unsafe.Pointer, uint32) int32 { return noHost() }

func hostMetricRecord(int32, float64) { noHost() }

func hostHTTPRequest(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32 { return noHost() }
