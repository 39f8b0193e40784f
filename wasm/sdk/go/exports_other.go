//go:build !wasip1

package onstream

// The exports are only where there is a host.
var (
	_ = input.room
	_ = process
	_ = open
	_ = configure
)
