package graph

import (
	"cmp"
	"time"
)

// Checkpoint says how often what a pipeline has done is stored, and how firmly.
// The zero value stands for [DefaultCheckpoint].
type Checkpoint struct {
	Interval   time.Duration
	Durability Durability
}

// Durability says what a checkpoint outlives.
type Durability string

// The durabilities.
const (
	// Fsync has each checkpoint on disk before anybody is told of it.
	Fsync Durability = "fsync"
	// OS does not wait for the disk, but for one checkpoint every 10 s: the
	// others may be gone when the process is killed or the machine fails. Then
	// the pipeline goes on from an older one; nothing is lost, because sources
	// are told only of what is on disk.
	OS Durability = "os"
)

// DefaultCheckpoint is how checkpoints are made where the pipeline does not say.
func DefaultCheckpoint() Checkpoint {
	return Checkpoint{Interval: time.Second, Durability: Fsync}
}

// OrDefault returns the checkpoint with the default for what is not set.
func (c Checkpoint) OrDefault() Checkpoint {
	d := DefaultCheckpoint()
	return Checkpoint{cmp.Or(c.Interval, d.Interval), cmp.Or(c.Durability, d.Durability)}
}

// DefaultSpoolBytes is how much of what a spooled source brings may wait on
// disk where the stage does not say.
const DefaultSpoolBytes = 1 << 30

// Renamed says that the stage at address From is now at To, and keeps its
// state.
type Renamed struct {
	From, To string
	Pos      Pos
}
