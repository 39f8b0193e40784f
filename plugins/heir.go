package plugins

// Heir is a stateful transform that takes over, in a running pipeline, more than what is stored from one of its address
// with another configuration: what that one has in memory. Inherit is called once, after Restore and before
// Process, with the transform that is not called any more, which may be of another kind.
type Heir interface{ Inherit(from Transform) }
