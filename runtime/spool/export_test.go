package spool

import (
	"github.com/onstream/onstream/plugins"
)

// Disk and File are what a test may put in the place of the machine's.
type (
	Disk = disk
	File = file
)

// ErrLocked is what Lock of a [Disk] returns when somebody has the lock.
var ErrLocked = errLocked

// On returns the options with another disk.
func (o Options) On(d Disk) Options {
	o.disk = d
	return o
}

// EncodeEntry returns the entry of a batch whose rows are all alive or failed.
func EncodeEntry(b *plugins.Batch) []byte {
	b.DropFailed()
	return appendEntry(nil, b, rowsOf(b, nil))
}

// DecodeEntry makes b the batch of an entry.
func DecodeEntry(b *plugins.Batch, entry []byte) error { return readBatch(b, entry) }

// InspectOn is [Inspect] on another disk.
func InspectOn(d Disk, dir string) (*Report, error) { return inspect(d, dir, nil) }

// RepairOn is [Repair] on another disk.
func RepairOn(d Disk, dir, name string, offset int64) (Loss, error) {
	return repair(d, dir, name, offset)
}
