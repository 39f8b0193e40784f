package plugins

// AttrType is the type of an attribute of a block, and with it the phase in
// which it is evaluated: from AttrExpr on per record, the others once.
type AttrType uint8

// The types of attributes, with the getter of [Config] that reads them.
const (
	AttrString      AttrType = iota // String
	AttrInt                         // Int
	AttrFloat                       // Float
	AttrBool                        // Bool
	AttrDuration                    // Duration; written "1m30s"
	AttrSize                        // Int, in bytes; written "64MiB" or as a number
	AttrStrings                     // Strings; a single string is a list of one
	AttrStringMap                   // StringMap
	AttrValue                       // Value: bool, int, float, string or nested, decided by who writes it
	AttrSecret                      // Secret; secret() or a string
	AttrFile                        // String: the path of a file or folder; a relative one starts at the pipeline's folder
	AttrExpr                        // Expr
	AttrExprMap                     // Exprs: an object of expressions, in order
	AttrPortExprs                   // PortExprs: an expression for each of the kind's Ports; one stands for all
	AttrAggregation                 // Aggregation: an object of expressions over groups of records
	AttrExprList                    // Exprs: a list of expressions; a single one is a list of one. Those that are a field have its name
)

var attrTypeNames = [...]string{"string", "int", "float", "bool", "duration", "size", "list(string)", "map(string)", "value", "secret", "file", "expression", "object of expressions", "expression for each input", "object of aggregates", "list of expressions"}

// String returns the name used in the reference.
func (t AttrType) String() string { return attrTypeNames[t] }

// PerRecord reports whether the attribute is evaluated per record.
func (t AttrType) PerRecord() bool { return t >= AttrExpr }

// Attr is an attribute of a block.
type Attr struct {
	Name     string
	Type     AttrType
	Required bool
	// Default is the value where the attribute is absent: string, int64,
	// float64, bool, time.Duration, []string. Nil means that Has is false.
	Default any
	Enum    []string // the strings allowed
	Min     *float64 // of numbers, sizes and durations (seconds)
	Max     *float64
	// Want is the type that an AttrExpr must have; Any allows all. A nullable
	// result fails its record unless Want is nullable.
	Want Type
	Doc  string // one sentence
}

// Block is a nested block.
type Block struct {
	Name     string
	Label    string // what its label is called; "" for none
	Required bool
	Repeated bool
	Schema   Schema
	Doc      string
}

// Schema is what a kind's block may hold, beyond what all stages have. It
// drives decoding, the reference and completion.
type Schema struct {
	Doc     string // one or two sentences
	Example string // HCL of a whole stage
	Attrs   []Attr
	Blocks  []Block
}

// Attr returns an attribute by name.
func (s Schema) Attr(name string) (Attr, bool) {
	for _, a := range s.Attrs {
		if a.Name == name {
			return a, true
		}
	}
	return Attr{}, false
}

// Bound is for Min and Max.
func Bound(v float64) *float64 { return &v }
