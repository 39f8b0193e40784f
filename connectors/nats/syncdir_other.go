//go:build !unix

package nats

// syncDir does nothing: folders cannot be synced.
func syncDir(string) error { return nil }
