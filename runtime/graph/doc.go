// Package graph is the waist of onstream: a pipeline as plain data. The
// language builds it, the engine runs it and compares two of them on reload,
// the command line draws it. Tests build it without HCL.
package graph
