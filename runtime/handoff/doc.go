// Package handoff leaves to the next owner of a partition what the stages keep
// of it. That is written, beside the owner's own checkpoints, to a log on the
// bus that the partition is from, a [plugins.StateLog]:
//
//	claim                      whose the partition is from here on
//	rows, rows, ..., commit    what a checkpoint has changed, and the position
//	rows, rows, ..., commit    all that there is, from time to time; what is before is trimmed
//
// The log rules: what an owner has on its own disk is a copy that serves as long
// as it is of the same commit. Rows without their commit do not count, and
// neither does what an owner adds behind the claim of another: a process that
// was thought to be dead, and goes on, changes nothing any more.
//
// Of two claims the one with the higher generation counts, wherever they stand.
// A group that its bus has forgotten begins at low generations again, so a claim
// of a group that knows of no owner counts behind any commit.
package handoff
