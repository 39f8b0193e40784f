package wasm

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
	"github.com/onstream/onstream/wasm/abi"
)

// kept is what the module keeps of a key.
type kept struct {
	values []value // in the order of space and name
	timers []timer
	size   int  // bytes, as the limit counts them
	noted  bool // among the entries that the present call has changed
}

// value is a value that is kept, until a time of the clock of the stage, ns.
type value struct {
	space   uint8
	name    []byte
	data    []byte
	expires int64
	call    uint32 // that has put it, as [store] numbers them; 0 for none
}

// timer is a timer that is set, for a time in ns.
type timer struct {
	clock uint8
	id    uint64
	at    int64
}

const (
	valueCost = 16 // bytes of a value, besides its name and data, as the limit counts them
	timerCost = 24
)

func (v *value) cost() int { return valueCost + len(v.name) + len(v.data) }

func (k *kept) empty() bool { return len(k.values) == 0 && len(k.timers) == 0 }

// find returns where a value is, or would be.
func (k *kept) find(space uint8, name []byte) (int, bool) {
	return slices.BinarySearchFunc(k.values, name, func(v value, name []byte) int {
		if c := cmp.Compare(v.space, space); c != 0 {
			return c
		}
		return bytes.Compare(v.name, name)
	})
}

// timer returns where a timer is, -1 for nowhere.
func (k *kept) timer(clock uint8, id uint64) int {
	return slices.IndexFunc(k.timers, func(t timer) bool { return t.clock == clock && t.id == id })
}

// due returns when something is to be done: values go by the clock of the stage.
func (k *kept) due(byEvent bool) (event, wall int64) {
	event, wall = plugins.Never, plugins.Never
	for _, t := range k.timers {
		if t.clock == abi.EventTime {
			event = min(event, t.at)
		} else {
			wall = min(wall, t.at)
		}
	}
	for i := range k.values {
		if byEvent {
			event = min(event, k.values[i].expires)
		} else {
			wall = min(wall, k.values[i].expires)
		}
	}
	return event, wall
}

// expire removes the values whose time is over.
func (k *kept) expire(now int64) {
	k.values = slices.DeleteFunc(k.values, func(v value) bool {
		over := v.expires <= now
		if over {
			k.size -= v.cost()
		}
		return over
	})
}

// keptVersion is the first byte of what is stored.
const keptVersion = 1

func encodeKept(dst []byte, k *kept) []byte {
	dst = binary.AppendUvarint(append(dst, keptVersion), uint64(len(k.values)))
	for i := range k.values {
		v := &k.values[i]
		dst = append(binary.AppendUvarint(append(dst, v.space), uint64(len(v.name))), v.name...)
		dst = append(binary.AppendUvarint(dst, uint64(len(v.data))), v.data...)
		dst = binary.AppendVarint(dst, v.expires)
	}
	dst = binary.AppendUvarint(dst, uint64(len(k.timers)))
	for _, t := range k.timers {
		dst = binary.AppendUvarint(append(dst, t.clock), t.id)
		dst = binary.AppendVarint(dst, t.at)
	}
	return dst
}

var errDamaged = errors.New("what the module has kept is damaged")

func decodeKept(src []byte, k *kept) error {
	r := keptReader{src: src}
	if r.byte() != keptVersion {
		return errDamaged
	}
	for range r.count() {
		v := value{space: r.byte(), name: r.bytes(), data: r.bytes(), expires: r.varint()}
		k.values = append(k.values, v)
		k.size += v.cost()
	}
	for range r.count() {
		k.timers = append(k.timers, timer{clock: r.byte(), id: r.uvarint(), at: r.varint()})
		k.size += timerCost
	}
	if r.broken || len(r.src) > 0 {
		return errDamaged
	}
	return nil
}

// keptReader reads what encodeKept wrote. After what cannot be read all is zero.
type keptReader struct {
	src    []byte
	broken bool
}

func (r *keptReader) fail() {
	r.src, r.broken = nil, true
}

func (r *keptReader) byte() byte {
	if len(r.src) == 0 {
		r.fail()
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *keptReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *keptReader) varint() int64 {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.src = r.src[n:]
	return v
}

// count reads how many things follow, each of at least a byte.
func (r *keptReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.src)) {
		r.fail()
		return 0
	}
	return int(n)
}

// bytes reads a copy of bytes.
func (r *keptReader) bytes() []byte {
	n := r.count()
	b := bytes.Clone(r.src[:n])
	r.src = r.src[n:]
	return b
}

// keptJSON writes what is stored of a key for people.
func keptJSON(src []byte) []byte {
	var k kept
	if decodeKept(src, &k) != nil {
		return nil
	}
	type shownValue struct {
		Space   uint8   `json:"space"`
		Name    string  `json:"name"`
		Text    *string `json:"text,omitempty"`
		Base64  []byte  `json:"base64,omitempty"`
		Expires string  `json:"expires,omitempty"`
	}
	type shownTimer struct {
		Clock string `json:"clock"`
		ID    uint64 `json:"id"`
		At    string `json:"at"`
	}
	shown := struct {
		Values []shownValue `json:"values,omitempty"`
		Timers []shownTimer `json:"timers,omitempty"`
	}{}
	for _, v := range k.values {
		s := shownValue{Space: v.space, Name: string(v.name)}
		if utf8.Valid(v.data) {
			text := string(v.data)
			s.Text = &text
		} else {
			s.Base64 = v.data
		}
		if v.expires != plugins.Never {
			s.Expires = timeText(v.expires)
		}
		shown.Values = append(shown.Values, s)
	}
	for _, t := range k.timers {
		clock := "event"
		if t.clock == abi.ProcessingTime {
			clock = "processing"
		}
		shown.Timers = append(shown.Timers, shownTimer{clock, t.id, timeText(t.at)})
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return nil
	}
	return text
}

func timeText(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// entry is what is kept of a key, in the table.
type entry = keyed.Entry[kept]
