package abi

// The names of the interface.
const (
	Module          = "onstream_v1"       // that imports are of
	Marker          = "onstream_abi_v1"   // the export () -> () that says which interface a module is for
	ManifestSection = "onstream.manifest" // the custom section with the manifest
)

// The exports of a module; ABI.md says which of them it must have.
const (
	Memory      = "memory"
	Initialize  = "_initialize"
	Alloc       = "onstream_alloc"
	Open        = "onstream_open"
	Process     = "onstream_process"
	OnTimer     = "onstream_on_timer"
	OnWatermark = "onstream_on_watermark"
	Configure   = "onstream_configure"
	Snapshot    = "onstream_snapshot"
	Restore     = "onstream_restore"
)

// What functions of the host answer where they have no length to tell.
const (
	Absent = -1 // there is no such thing
	Done   = 0
)

// The levels of log.
const (
	LevelDebug = iota
	LevelInfo
	LevelWarn
	LevelError
)

// The clocks of timers.
const (
	EventTime      = 0
	ProcessingTime = 1
)

// The kinds of metrics.
const (
	CounterMetric = iota
	GaugeMetric
	HistogramMetric
)

// NoValue is the length of a value that there is not, among those of state_get_many.
const NoValue = 1<<32 - 1
