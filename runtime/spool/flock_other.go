//go:build solaris || aix

package spool

import "os"

// flock does nothing: these systems have no lock that belongs to a file.
func flock(*os.File) error { return nil }
