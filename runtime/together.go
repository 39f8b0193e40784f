package runtime

import (
	"maps"
	"slices"

	"github.com/onstream/onstream/runtime/graph"
)

// Together returns the addresses of what can only be forgotten together with
// what is stored at one, with that: where a bus has a log of what goes with the
// partitions of a source, the source and all that goes with them. Claims are
// those that are stored, by address.
func Together(addr string, claims map[string]string) []string {
	source := addr
	if s := graph.FollowedIn(claims[addr]); s != "" {
		source = s
	}
	if InLogs(claims)[source] == nil {
		return []string{addr}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(claims)), func(a string) bool {
		return isPartAddr(a) || a != source && graph.FollowedIn(claims[a]) != source
	})
}
