package spool

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

// InspectOn is [Inspect] on another disk.
func InspectOn(d Disk, dir string) (*Report, error) { return inspect(d, dir, nil) }

// RepairOn is [Repair] on another disk.
func RepairOn(d Disk, dir, name string, offset int64) (Loss, error) {
	return repair(d, dir, name, offset)
}
