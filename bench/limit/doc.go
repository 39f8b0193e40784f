// Package limit is the benchmark's ceiling: Go written by hand for one job
// each, as fast as its authors could make it without assembly or unsafe. The
// engine is measured against it in the same process, so that the ratio holds
// on a noisy machine.
//
// The programs are correct, not merely fast: they accept every valid JSON
// object a line, whatever its key order, white space, escapes and nesting;
// of duplicate keys the last counts, as in encoding/json. Lines that are not
// such objects are counted as bad and dropped; the programs look at no more of
// a line than they need to and do not promise to notice every violation.
//
// Each program runs on one goroutine from a reader to a writer. It hands on
// what it made of a read before it reads again, so that it serves a pipe as
// well as a file.
package limit
