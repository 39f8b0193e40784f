package wasm

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// remarks says which module a stage runs, and what it may do.
func (p *plan) remarks() []string {
	d := p.module
	about := strings.TrimSpace(d.Manifest.Name + " " + d.Manifest.Version)
	all := []string{
		strings.TrimSpace(fmt.Sprintf("module %s sha256:%s", about, hex.EncodeToString(d.Digest[:6]))),
		"limits " + p.limits.String(),
	}
	if len(p.grants) > 0 {
		all = append(all, "granted "+strings.Join(p.grants, ", "))
	}
	return all
}
