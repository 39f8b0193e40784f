package onstream

import "unsafe"

// Level says how important a line of the log is.
type Level uint32

// The levels of the log.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Log logs a line. The stage limits how many lines there are in a second.
func Log(level Level, text string) { hostLog(uint32(level), pointer(text), uint32(len(text))) }

// Enabled reports whether somebody reads the lines of a level.
func Enabled(level Level) bool { return hostLogEnabled(uint32(level)) != 0 }

// SetError is the message of an error with which an export is to end. It is for packages that add exports.
func SetError(err error) {
	text := err.Error()
	hostError(pointer(text), uint32(len(text)))
}

// Now returns the pipeline's clock in µs. It is the same during a call.
func Now() int64 { return hostNow() }

const noTime = -1 << 63

// Watermark returns event time in µs, and whether it is known. It is the same during a call.
func Watermark() (us int64, ok bool) {
	us = hostWatermark()
	return us, us != noTime
}

func pointer(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

func start(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
