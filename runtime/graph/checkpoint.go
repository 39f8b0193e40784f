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
	// OS leaves it to the operating system when a checkpoint gets to the disk:
	// it outlives the process, and power loss takes the newest ones away.
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
