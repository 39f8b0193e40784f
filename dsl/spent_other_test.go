//go:build !linux

package dsl_test

import "time"

var began = time.Now()

// spent returns the time since the tests began: that of a thread alone is not
// known here.
func spent() time.Duration { return time.Since(began) }
