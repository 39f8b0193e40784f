package modbus

import (
	"math"

	"github.com/onstream/onstream/plugins"
)

// space is one of the four tables of a device.
type space string

const (
	holding  space = "holding"
	input    space = "input"
	coil     space = "coil"
	discrete space = "discrete"
)

// bits reports whether the table holds single bits.
func (s space) bits() bool { return s == coil || s == discrete }

// most is how many addresses one request can read.
func (s space) most() int {
	if s.bits() {
		return 2000
	}
	return 125
}

// words are the types of values, with the registers that each takes; that of text is its length.
var words = map[string]int{
	"bool": 1, "uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "uint64": 4, "int64": 4, "float32": 2, "float64": 4, "string": 0,
}

// register is a value of the device: where it is, and what it means.
type register struct {
	name    string
	space   space
	address int
	words   int // addresses that it takes
	typ     string
	bit     uint
	lowWord bool // the low word comes first
	swap    bool // the low byte comes first
	scaled  bool
	scale   float64
	offset  float64
	unit    string
}

func registerSchema() plugins.Schema {
	return plugins.Schema{Attrs: []plugins.Attr{
		{Name: "kind", Type: plugins.AttrString, Default: string(holding), Enum: []string{string(holding), string(input), string(coil), string(discrete)}, Doc: "The table of the device."},
		{Name: "address", Type: plugins.AttrInt, Required: true, Min: plugins.Bound(0), Max: plugins.Bound(65535), Doc: "Its number in that table, from 0: that of a manual which begins with 40001 or 30001 is one less."},
		{Name: "type", Type: plugins.AttrString, Enum: []string{"bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "string"}, Doc: "What it is; bool for coils and discrete inputs, uint16 for others unless given."},
		{Name: "bit", Type: plugins.AttrInt, Min: plugins.Bound(0), Max: plugins.Bound(15), Doc: "The bit of a register that a bool is, from the lowest; any bit unless given."},
		{Name: "length", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(125), Doc: "The registers of a string, of two characters each."},
		{Name: "word_order", Type: plugins.AttrString, Enum: []string{highFirst, lowFirst}, Doc: "Which of its registers comes first; as for the device unless given."},
		{Name: "byte_order", Type: plugins.AttrString, Enum: []string{"big", "little"}, Doc: "Which byte of a register comes first; as for the device unless given."},
		{Name: "scale", Type: plugins.AttrFloat, Doc: "What the number is multiplied by; it is a float then."},
		{Name: "offset", Type: plugins.AttrFloat, Doc: "What is added to the number after that; it is a float then."},
		{Name: "unit", Type: plugins.AttrString, Doc: "The unit of the value, as in \"°C\"; the record tells those of all registers in `units`."},
	}}
}

// reserved are the fields that every record has.
var reserved = map[string]bool{"ts": true, "device": true, "quality": true, "errors": true, "units": true}

// registersOf reads the blocks of a source.
func registersOf(c plugins.Config) ([]register, error) {
	blocks := c.Blocks("register")
	if len(blocks) == 0 {
		return nil, plugins.ConfigErrorf("", "there is no register to read: add a block like register \"temperature\" { address = 100 }")
	}
	if len(blocks) > maxRegisters {
		return nil, plugins.ConfigErrorf("", "there are %d registers, and a source reads %d at most: divide them among several sources", len(blocks), maxRegisters)
	}
	registers := make([]register, 0, len(blocks))
	taken := map[string]bool{}
	for _, b := range blocks {
		at := "register[" + b.Label + "]"
		switch {
		case b.Label == "" || len(b.Label) > 255:
			return nil, plugins.ConfigErrorf(at, "the name of a register has 1 to 255 bytes: it is the name of its field")
		case reserved[b.Label]:
			return nil, plugins.ConfigErrorf(at, "every record has a field %q already: name the register differently", b.Label)
		case taken[b.Label]:
			return nil, plugins.ConfigErrorf(at, "there is a register %q already: name this one differently", b.Label)
		}
		taken[b.Label] = true
		r, err := registerOf(b, c)
		if err != nil {
			return nil, plugins.ConfigErrorf(at+"."+err.Path, "%s", err.Msg)
		}
		registers = append(registers, r)
	}
	return registers, nil
}

func registerOf(b plugins.ConfigBlock, source plugins.Config) (register, *plugins.ConfigError) {
	fault := func(attr, msg string) (register, *plugins.ConfigError) {
		return register{}, &plugins.ConfigError{Path: attr, Msg: msg}
	}
	c := b.Config
	either := func(attr string) string {
		if c.Has(attr) {
			return c.String(attr)
		}
		return source.String(attr)
	}
	r := register{
		name: b.Label, space: space(c.String("kind")), address: int(c.Int("address")), typ: c.String("type"), unit: c.String("unit"),
		scale: 1, offset: c.Float("offset"), scaled: c.Has("scale") || c.Has("offset"),
		lowWord: either("word_order") == lowFirst, swap: either("byte_order") == "little", bit: anyBit,
	}
	if r.typ == "" {
		r.typ = "uint16"
		if r.space.bits() || c.Has("bit") {
			r.typ = "bool"
		}
	}
	r.words = words[r.typ]
	if c.Has("scale") {
		r.scale = c.Float("scale")
	}
	if c.Has("bit") {
		r.bit = uint(c.Int("bit"))
	}
	switch {
	case r.space.bits() && r.typ != "bool":
		return fault("type", "a "+string(r.space)+" is a single bit, and so a bool: leave type out, or read a holding or input register")
	case c.Has("bit") && (r.typ != "bool" || r.space.bits()):
		return fault("bit", "only a bool in a holding or input register has a bit: leave it out, or write type = \"bool\"")
	case c.Has("length") != (r.typ == "string"):
		return fault("length", "a string says how many registers it has, and nothing else does: write both type = \"string\" and length, or neither")
	case r.scaled && (r.typ == "bool" || r.typ == "string"):
		return fault("scale", "a "+r.typ+" is no number: leave scale and offset out")
	case r.scaled && r.scale == 0:
		return fault("scale", "multiplied by 0, every value is the same: write what one step of the register stands for")
	case !finite(r.scale) || !finite(r.offset):
		return fault("scale", "scale and offset are finite numbers")
	}
	if r.typ == "string" {
		r.words = int(c.Int("length"))
	}
	if r.address+r.words > 1<<16 {
		return fault("address", "a "+r.typ+" does not fit behind this address, of which the last is 65535")
	}
	return r, nil
}

// anyBit is the bit of a bool that is true where any bit is.
const anyBit = 16

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// kind is the kind of its field.
func (r register) kind() plugins.Kind {
	switch {
	case r.scaled || r.typ == "float32" || r.typ == "float64":
		return plugins.Float
	case r.typ == "bool":
		return plugins.Bool
	case r.typ == "string":
		return plugins.String
	default:
		return plugins.Int
	}
}
