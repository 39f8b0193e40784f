package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String is the line that a run prints.
func (r result) String() string {
	return fmt.Sprintf("RESULT fault=%s%s seed=%d cycles=%d sent=%d accepted=%d unique_out=%d lost=%d dup=%d ooo=%d state_diff=%d recovery_ms=%d rss_mib=%d verdict=%s",
		r.fault, r.over(), r.seed, r.cycles, r.sent, r.accepted, r.unique, r.lost, r.dup, r.ooo, r.stateDiff, r.recovery.Milliseconds(), r.peak>>20, r.verdict())
}

// over says by which bus, and what of the gates that bus does not promise.
func (r result) over() string {
	if r.server == "" {
		return ""
	}
	said := fmt.Sprintf(" server=%q", r.server)
	for _, g := range slices.Sorted(maps.Keys(r.declared)) {
		said += fmt.Sprintf(" declared=%q", string(g)+": "+r.declared[g])
	}
	return said
}

// verdict is pass, or fail with the gates that were not passed.
func (r result) verdict() string {
	if len(r.broken) == 0 {
		return "pass"
	}
	gates := slices.Sorted(maps.Keys(r.broken))
	names := make([]string, len(gates))
	for i, g := range gates {
		names[i] = string(g)
	}
	return "fail:" + strings.Join(names, ",")
}

// reasons says why the gates were not passed, a line each.
func (r result) reasons() string {
	var s strings.Builder
	for _, g := range slices.Sorted(maps.Keys(r.broken)) {
		fmt.Fprintf(&s, "  %s: %s\n", g, strings.TrimSpace(r.broken[g]))
	}
	return s.String()
}
