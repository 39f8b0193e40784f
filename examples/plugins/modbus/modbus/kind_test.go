package modbus_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/onstream/onstream/examples/plugins/modbus/modbus"
	"github.com/onstream/onstream/plugins"
)

func TestKindIsDocumented(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := modbus.Register(&r); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Source("modbus")
	if !ok || !strings.HasPrefix(k.Schema.Example, `source "modbus" "`) || k.Capabilities(plugins.Config{}).Weakens == "" {
		t.Fatal("the kind has no example, or does not say what it loses")
	}
	for _, s := range []plugins.Schema{k.Schema, k.Schema.Blocks[0].Schema} {
		for _, a := range s.Attrs {
			if !strings.HasSuffix(a.Doc, ".") {
				t.Errorf("%s: the doc %q is no sentence", a.Name, a.Doc)
			}
			if (a.Type == plugins.AttrInt || a.Type == plugins.AttrDuration) && (a.Min == nil || a.Max == nil) {
				t.Errorf("%s has no bounds", a.Name)
			}
		}
	}
	if modbus.Register(&r) == nil {
		t.Error("the kind was registered twice")
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	k := modbus.Kind()
	got, err := k.Output(with(k.Schema, attrs{"address": "d"},
		register("n", attrs{"address": int64(0)}), register("f", attrs{"address": int64(1), "scale": 0.1, "unit": "°C"}),
		register("on", attrs{"address": int64(1), "kind": "coil"}), register("text", attrs{"address": int64(9), "type": "string", "length": int64(2)})))
	want := "record({ts = time, device = string, n = optional(int), f = optional(float), on = optional(bool), text = optional(string), quality = string, errors = optional(map(string)), units = map(string)})"
	if err != nil || got.Type.String() != want {
		t.Errorf("the shape is %v (%v), want %s", got.Type, err, want)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	one := register("a", attrs{"address": int64(1)})
	of := func(given attrs) []plugins.ConfigBlock { return []plugins.ConfigBlock{register("a", given)} }
	var many []plugins.ConfigBlock
	for i := range 4097 {
		many = append(many, register(fmt.Sprint("r", i), attrs{"address": int64(i)}))
	}
	for name, c := range map[string]struct {
		address   string
		registers []plugins.ConfigBlock
		want      string
	}{
		"no host":           {":502", nil, `address: ":502" is no address of a device: write host and port, as in "10.0.4.17:502"`},
		"a serial line":     {"rtu:///dev/ttyUSB0", nil, `address: "rtu:///dev/ttyUSB0" is not Modbus TCP, which is all that is spoken here: write host and port, as in "10.0.4.17:502"`},
		"no port":           {"plc:modbus", nil, `address: "plc:modbus" has no port from 1 to 65535: write host and port, as in "10.0.4.17:502"`},
		"port out of range": {"plc:65536", nil, `address: "plc:65536" has no port from 1 to 65535: write host and port, as in "10.0.4.17:502"`},
		"no registers":      {"plc", []plugins.ConfigBlock{}, `there is no register to read: add a block like register "temperature" { address = 100 }`},
		"too many":          {"plc", many, `there are 4097 registers, and a source reads 4096 at most: divide them among several sources`},
		"no name":           {"plc", []plugins.ConfigBlock{register("", nil)}, `register[]: the name of a register has 1 to 255 bytes: it is the name of its field`},
		"a name twice":      {"plc", []plugins.ConfigBlock{one, one}, `register[a]: there is a register "a" already: name this one differently`},
		"a name that is":    {"plc", []plugins.ConfigBlock{register("quality", nil)}, `register[quality]: every record has a field "quality" already: name the register differently`},
		"a coil as number":  {"plc", of(attrs{"kind": "coil", "type": "int16"}), `register[a].type: a coil is a single bit, and so a bool: leave type out, or read a holding or input register`},
		"a bit of a number": {"plc", of(attrs{"type": "int16", "bit": int64(1)}), `register[a].bit: only a bool in a holding or input register has a bit: leave it out, or write type = "bool"`},
		"a bit of a coil":   {"plc", of(attrs{"kind": "coil", "bit": int64(1)}), `register[a].bit: only a bool in a holding or input register has a bit: leave it out, or write type = "bool"`},
		"text of no length": {"plc", of(attrs{"type": "string"}), `register[a].length: a string says how many registers it has, and nothing else does: write both type = "string" and length, or neither`},
		"length of number":  {"plc", of(attrs{"length": int64(2)}), `register[a].length: a string says how many registers it has, and nothing else does: write both type = "string" and length, or neither`},
		"scaled bool":       {"plc", of(attrs{"type": "bool", "scale": 2.0}), `register[a].scale: a bool is no number: leave scale and offset out`},
		"scaled by nothing": {"plc", of(attrs{"scale": 0.0}), `register[a].scale: multiplied by 0, every value is the same: write what one step of the register stands for`},
		"endless offset":    {"plc", of(attrs{"offset": math.Inf(1)}), `register[a].scale: scale and offset are finite numbers`},
		"behind the end":    {"plc", of(attrs{"address": int64(65535), "type": "uint32"}), `register[a].address: a uint32 does not fit behind this address, of which the last is 65535`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := modbus.Kind()
			if c.registers == nil {
				c.registers = []plugins.ConfigBlock{one}
			}
			config := with(k.Schema, attrs{"address": c.address}, c.registers...)
			if err := k.Check(config); err == nil || err.Error() != c.want {
				t.Errorf("the error is %v\nwant %s", err, c.want)
			}
			if _, err := k.New(config, plugins.Env{}); err == nil {
				t.Error("a source was made of it")
			}
		})
	}
}
