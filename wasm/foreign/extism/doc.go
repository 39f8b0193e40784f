// Package extism runs plug-ins of Extism: modules that import from extism:host/env and read and write memory of the
// host by its functions, a byte or eight at a time.
//
// That memory is an [arena] here, which is empty at each call, as the kernel of Extism empties it. A plug-in is called once for each
// record: its input is the value, its output the new value.
package extism
