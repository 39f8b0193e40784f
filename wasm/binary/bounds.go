package binary

// Bounds are what a module may have at most.
type Bounds struct {
	Size   int // bytes of the module
	Locals int // of one function
	Table  int // entries of the table
}

// DefaultBounds are those of behaviours that come from anywhere: 8 MiB, 10,000
// locals, 10,000 entries.
func DefaultBounds() Bounds { return Bounds{Size: 8 << 20, Locals: 10_000, Table: 10_000} }

// What no module needs more of.
const (
	maxParams  = 100  // of a function
	maxResults = 16   // of a function or block; each branch carries them
	maxLabels  = 4096 // of a table of branches
	maxTypes   = 100_000
	maxImports = 10_000
	maxExports = 20_000
	maxFuncs   = 100_000
	maxEntries = 100_000 // of all segments of tables
	maxGlobals = 100_000
	maxNesting = 100_000 // of blocks in each other
)

// MaxPages is how many pages of 64 KiB a memory has at most.
const MaxPages = 1 << 16
