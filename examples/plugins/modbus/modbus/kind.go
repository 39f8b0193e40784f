package modbus

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Register adds the kind of source to a registry.
func Register(r *plugins.Registry) error { return r.AddSource(Kind()) }

// Kind returns the kind of source.
func Kind() plugins.SourceKind {
	return plugins.SourceKind{
		Name:   "modbus",
		Schema: schema(),
		Output: func(c plugins.Config) (plugins.Shape, error) {
			registers, err := registersOf(c)
			if err != nil {
				return plugins.Shape{}, err
			}
			return shape(registers), nil
		},
		Check: check,
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Ordered: true, Weakens: "what a device measures while nobody polls it is not known later"}
		},
		New: newSource,
	}
}

// The words of the schema, which code asks for, too.
const (
	highFirst = "high_first"
	lowFirst  = "low_first"
)

func schema() plugins.Schema {
	return plugins.Schema{
		Doc: "Polls a device over Modbus TCP. Each poll is a record: `ts`, `device`, a field for each register, `quality` (good, partial or bad) and `errors`, which says why registers are null.",
		Example: `source "modbus" "press" {
  address  = "10.0.4.17:502"
  interval = "1s"
  register "temperature" {
    kind    = "input"
    address = 100
    type    = "int16"
    scale   = 0.1
    unit    = "°C"
  }
  register "running" {
    kind    = "coil"
    address = 7
  }
}`,
		Attrs: []plugins.Attr{
			{Name: "address", Type: plugins.AttrString, Required: true, Doc: "Host and port of the device or gateway, as in \"10.0.4.17:502\"; the port is 502 unless given."},
			{Name: "unit", Type: plugins.AttrInt, Default: int64(1), Min: plugins.Bound(0), Max: plugins.Bound(255), Doc: "The unit that is asked, where a gateway stands before several."},
			{Name: "device", Type: plugins.AttrString, Doc: "The name of the device in its records; its address and unit unless given."},
			{Name: "interval", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.001), Max: plugins.Bound(86400), Doc: "The time from one poll to the next. A poll that takes longer leaves out those that it is in the way of."},
			{Name: "timeout", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.001), Max: plugins.Bound(60), Doc: "How long the device has for an answer; then the connection is made anew."},
			{Name: "max_backoff", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.001), Max: plugins.Bound(3600), Doc: "The longest wait between two attempts to reach a device that is away."},
			{Name: "max_gap", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Max: plugins.Bound(124), Doc: "How many addresses between two registers are read for nothing to save a request."},
			{Name: "word_order", Type: plugins.AttrString, Default: highFirst, Enum: []string{highFirst, lowFirst}, Doc: "Which of the registers of a longer number comes first."},
			{Name: "byte_order", Type: plugins.AttrString, Default: "big", Enum: []string{"big", "little"}, Doc: "Which of the two bytes of a register comes first; \"big\" is what the standard says."},
		},
		Blocks: []plugins.Block{
			{Name: "register", Label: "field", Required: true, Repeated: true, Doc: "A value of the device, and its field in the records.", Schema: registerSchema()},
		},
	}
}

// maxRegisters bounds how long a poll can be, and the record that it makes.
const maxRegisters = 4096

func check(c plugins.Config) error {
	if _, err := addressOf(c); err != nil {
		return err
	}
	_, err := registersOf(c)
	return err
}

// addressOf returns host and port.
func addressOf(c plugins.Config) (string, error) {
	const remedy = "write host and port, as in \"10.0.4.17:502\""
	text := c.String("address")
	if at := strings.Index(text, "://"); at >= 0 {
		if text[:at] != "tcp" {
			return "", plugins.ConfigErrorf("address", "%q is not Modbus TCP, which is all that is spoken here: %s", text, remedy)
		}
		text = text[at+3:]
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port, err = net.SplitHostPort(text + ":502")
	}
	if err != nil || host == "" {
		return "", plugins.ConfigErrorf("address", "%q is no address of a device: %s", c.String("address"), remedy)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", plugins.ConfigErrorf("address", "%q has no port from 1 to 65535: %s", c.String("address"), remedy)
	}
	return net.JoinHostPort(host, port), nil
}
