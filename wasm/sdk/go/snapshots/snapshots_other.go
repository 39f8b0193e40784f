//go:build !wasip1

package snapshots

// The exports are only where there is a host.
var (
	_ = snapshot
	_ = restoreFrom
)
