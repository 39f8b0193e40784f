package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// partName names a partition in addresses.
func partName(p plugins.Partition) string { return fmt.Sprintf("%s/%d", p.Name, p.ID) }

// partAddr is where a store has what a stage keeps of a partition. It is not the
// address of a stage: those have no @ in them.
func partAddr(addr string, p plugins.Partition) string { return addr + "@" + partName(p) }

// isPartAddr reports whether something is stored at an address for one
// partition of a stage.
func isPartAddr(addr string) bool { return strings.Contains(addr, "@") }

// readPartAddr is the reverse of partAddr.
func readPartAddr(at string) (addr string, p plugins.Partition, ok bool) {
	addr, part, ok := strings.Cut(at, "@")
	cut := strings.LastIndexByte(part, '/')
	if !ok || cut < 0 {
		return "", plugins.Partition{}, false
	}
	id, err := strconv.ParseInt(part[cut+1:], 10, 32)
	return addr, plugins.Partition{Name: part[:cut], ID: int32(id)}, err == nil
}

// InLogs returns, of the claims that are stored, by address, the sources with
// whose partitions state goes, and those partitions of them of which the store
// has a copy and the bus a log.
func InLogs(claims map[string]string) map[string][]plugins.Partition {
	logged := map[string][]plugins.Partition{}
	for _, at := range slices.Sorted(maps.Keys(claims)) {
		if addr, p, ok := readPartAddr(at); ok && strings.HasPrefix(addr, string(graph.Source)+".") {
			logged[addr] = append(logged[addr], p)
		}
	}
	return logged
}
