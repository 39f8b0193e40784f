//go:build !unix || solaris || aix

package nats

import "os"

// lock does nothing: these systems have no such lock that belongs to a file.
func lock(*os.File) error { return nil }
