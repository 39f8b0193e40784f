// Package trial runs a pipeline on given records and looks at its edges. It is
// the real engine: only the sources are replaced by ones that hand over the
// given records, and the sinks by ones that take everything. The blocks "test"
// and "run --dry-run" are built on it.
package trial
