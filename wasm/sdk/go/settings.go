package onstream

import (
	"errors"
	"math"
	"slices"
	"unsafe"
)

// setting is a name and a value.
type setting struct {
	name   span
	typ    uint32 // a byte, and three that are zero
	_      uint32
	number uint64
	text   span
}

// Settings are the parameters of the module, as the manifest names them. A name that is not there, or a
// value of another type than is asked for, is a mistake of the module, which it does not survive.
type Settings struct {
	frame    []byte
	settings []setting
}

func settingsOf(frame []byte) Settings { return Settings{frame, descriptors[setting](frame)} }

func (s Settings) get(name string) (found setting, ok bool) {
	for _, d := range s.settings {
		if d.typ != 0 && string(d.name.of(s.frame)) == name {
			return d, true
		}
	}
	return found, false
}

// must returns a parameter of one of the types.
func (s Settings) must(name string, types ...uint32) setting {
	d, ok := s.get(name)
	if !ok {
		refuse("there is no parameter \"" + name + "\": the manifest has " + s.names())
	}
	if !slices.Contains(types, d.typ) {
		refuse("the parameter \"" + name + "\" is of the type " + reader(d.typ))
	}
	return d
}

// refuse ends the call.
func refuse(why string) {
	err := errors.New(why)
	SetError(err) // what the host says of the panic
	panic(err)
}

// reader is what a type is called, and what reads it.
func reader(typ uint32) string {
	switch typ {
	case typeBool:
		return "bool: read it with Bool"
	case typeInt:
		return "int: read it with Int"
	case typeFloat:
		return "float: read it with Float"
	case typeTime:
		return "time: read it with Micros"
	case typeDuration:
		return "duration: read it with Micros"
	case typeBytes:
		return "bytes: read it with Text"
	case typeJSON:
		return "json: read it with Text"
	}
	return "string: read it with Text"
}

// names are those of the parameters.
func (s Settings) names() string {
	names := ""
	for _, d := range s.settings {
		name := string(d.name.of(s.frame))
		if name == "" || name[0] == '.' {
			continue
		}
		if names != "" {
			names += ", "
		}
		names += name
	}
	if names == "" {
		return "none"
	}
	return names
}

// Has reports whether there is a parameter.
func (s Settings) Has(name string) bool {
	_, ok := s.get(name)
	return ok
}

// Bool returns a parameter of the type bool.
func (s Settings) Bool(name string) bool { return s.must(name, typeBool).number != 0 }

// Int returns a parameter of the type int.
func (s Settings) Int(name string) int64 { return int64(s.must(name, typeInt).number) }

// Float returns a parameter of the type float.
func (s Settings) Float(name string) float64 {
	return math.Float64frombits(s.must(name, typeFloat).number)
}

// Micros returns a parameter of the type time or duration, in µs.
func (s Settings) Micros(name string) int64 {
	return int64(s.must(name, typeTime, typeDuration).number)
}

// Text returns a parameter of the type string, bytes or json. It may be kept.
func (s Settings) Text(name string) string {
	return string(s.must(name, typeString, typeBytes, typeJSON).text.of(s.frame))
}

// Pipeline returns the name of the pipeline that the module runs in.
func (s Settings) Pipeline() string { return s.Text(".pipeline") }

// Stage returns the address of the stage that the module is.
func (s Settings) Stage() string { return s.Text(".stage") }

// settingsWriter makes a frame of settings.
type settingsWriter struct {
	settings []setting
	data     []byte
}

func (w *settingsWriter) add(name string, typ uint32, text []byte) {
	at := uint32(len(w.data))
	w.data = append(append(w.data, name...), text...)
	n := uint32(len(name))
	w.settings = append(w.settings, setting{name: span{at, n}, typ: typ, text: span{at + n, uint32(len(text))}})
}

func (w *settingsWriter) frame() []byte {
	first := uint32(headerSize + len(w.settings)*int(unsafe.Sizeof(setting{})))
	for i := range w.settings {
		w.settings[i].name.at += first
		w.settings[i].text.at += first
	}
	h := []header{{magic: magic, kind: settingsFrame, size: first + uint32(len(w.data)), rows: uint32(len(w.settings)), descriptors: headerSize, count: uint32(len(w.settings))}}
	return append(append(bytesOf(h), bytesOf(w.settings)...), w.data...)
}
