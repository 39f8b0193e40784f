package onstream

import "unsafe"

//go:noescape
//go:wasmimport onstream_v1 log
func hostLog(level uint32, text unsafe.Pointer, n uint32)

//go:noescape
//go:wasmimport onstream_v1 log_enabled
func hostLogEnabled(level uint32) uint32

//go:noescape
//go:wasmimport onstream_v1 error
func hostError(text unsafe.Pointer, n uint32)

//go:noescape
//go:wasmimport onstream_v1 now_us
func hostNow() int64

//go:noescape
//go:wasmimport onstream_v1 watermark_us
func hostWatermark() int64

//go:noescape
//go:wasmimport onstream_v1 emit
func hostEmit(frame unsafe.Pointer, n uint32) int32

//go:noescape
//go:wasmimport onstream_v1 state_get
func hostStateGet(space, row uint32, name unsafe.Pointer, nameLen uint32, buf unsafe.Pointer, limit uint32) int32

//go:noescape
//go:wasmimport onstream_v1 state_put
func hostStatePut(space, row uint32, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32, ttl int64) int32

//go:noescape
//go:wasmimport onstream_v1 state_del
func hostStateDelete(space, row uint32, name unsafe.Pointer, nameLen uint32) int32

//go:noescape
//go:wasmimport onstream_v1 state_get_many
func hostStateGetMany(space uint32, name unsafe.Pointer, nameLen uint32, rows unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int32

//go:noescape
//go:wasmimport onstream_v1 metric_define
func hostMetricDefine(kind uint32, name unsafe.Pointer, n uint32) int32

//go:noescape
//go:wasmimport onstream_v1 metric_record
func hostMetricRecord(metric int32, value float64)

//go:noescape
//go:wasmimport onstream_v1 http_request
func hostHTTPRequest(frame unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int32
