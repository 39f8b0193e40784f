package wasm

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// remarks says which module a stage runs, and what it may do.
func remarks(l *library, c plugins.Config) []string {
	p, err := newPlan(l, c)
	if err != nil {
		return nil // Outputs has told
	}
	d := p.module
	about := strings.TrimSpace(d.Manifest.Name + " " + d.Manifest.Version)
	all := []string{
		strings.TrimSpace(fmt.Sprintf("module %s sha256:%s", about, hex.EncodeToString(d.Digest[:6]))),
		fmt.Sprintf("limits memory %s, time %v, calls %d, output %s, state %s, logs %d/s",
			size(p.limits.Memory), p.limits.Time, p.limits.Calls, size(int64(p.limits.Output)), size(int64(p.limits.State)), p.limits.Logs),
	}
	if len(p.grants) > 0 {
		all = append(all, "granted "+strings.Join(p.grants, ", "))
	}
	return all
}

// size writes bytes as the language takes them.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprint(n)
}
