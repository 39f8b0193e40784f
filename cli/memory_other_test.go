//go:build !linux

package cli

import "os/exec"

// runWatched runs a command to its end; how much memory it held is not known
// here.
func runWatched(cmd *exec.Cmd) (peak int64, err error) { return 0, cmd.Run() }
