// Package project makes folders in which plugins are written ([New]): one with a source, a transform and a sink that work, in Go with package
// remote, in Python and in JavaScript with a runtime of one file that speaks the protocol and is the author's from there on.
package project
