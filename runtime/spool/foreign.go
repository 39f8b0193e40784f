package spool

import "github.com/onstream/onstream/plugins"

// IsForeign reports whether a position is of a spool, but not of the one in dir:
// of one that was elsewhere, or was there before. Of a spool that cannot be read
// it is not known, and said by Run.
func IsForeign(dir string, p plugins.Partition, at plugins.Position) bool {
	id, _, err := decodePosition(at)
	if p.Name != PartitionName || err != nil {
		return false
	}
	m, exists, err := readMark(machine{}, dir)
	return err == nil && (!exists || m.id != id)
}
