package graph

// Guarantee is what is promised about each record of a path.
type Guarantee string

// The guarantees, from weak to strong.
const (
	AtMostOnce      Guarantee = "at_most_once"     // a crash may lose records
	AtLeastOnce     Guarantee = "at_least_once"    // a crash may repeat records
	EffectivelyOnce Guarantee = "effectively_once" // repeats have no effect
	ExactlyOnce     Guarantee = "exactly_once"     // no repeats for readers of committed records
)

// Guarantees lists the guarantees from weak to strong.
func Guarantees() []Guarantee {
	return []Guarantee{AtMostOnce, AtLeastOnce, EffectivelyOnce, ExactlyOnce}
}

// StateGuarantee is what is promised about what the stages on a path keep.
type StateGuarantee string

// The guarantees of state.
const (
	NoState          StateGuarantee = "none"            // nothing is kept
	StateExactlyOnce StateGuarantee = "exactly_once"    // each record is in it once, also after a crash
	StateAtMostOnce  StateGuarantee = "at_most_once"    // a crash takes out what came since the last checkpoint
	StateLost        StateGuarantee = "lost_at_restart" // it is in memory only
)
