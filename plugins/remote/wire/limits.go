package wire

// What a message may hold. The bounds are far beyond what is useful, and keep what one process says from costing the other more than its share.
const (
	MaxMessage  = 32 << 20 // bytes of a message, on either side
	MaxRows     = 1 << 20  // of a batch
	MaxColumns  = 4096     // of a batch, and fields of a type
	MaxHeaders  = 1 << 20  // of a batch, all rows together
	MaxPosition = 64 << 10 // bytes of a position
	MaxName     = 1024     // bytes of the name of anything but a partition
	MaxPart     = 4096     // bytes of the name of a partition
	MaxText     = 64 << 10 // bytes of a text for people: a doc, a message
	MaxKinds    = 1024     // of a plugin
	MaxAttrs    = 1024     // of a schema, and blocks of one
	MaxOutputs  = 1024     // of a stage
	MaxRemarks  = 256      // of a stage, and problems of one
	MaxDepth    = 32       // of blocks in blocks and types in types
	MaxTypes    = 16384    // types in a type, all levels together
)
