//go:build !unix

package sinks

// nonblock is nothing where files cannot be named pipes.
const nonblock = 0
