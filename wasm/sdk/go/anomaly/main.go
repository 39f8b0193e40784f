// Command anomaly is a behaviour that notices temperatures that are out of the ordinary for their device, and devices that fall
// silent.
package main

import (
	"math"
	"unsafe"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
	"github.com/onstream/onstream/wasm/sdk/go/timers"
)

// What the manifest calls by names.
const (
	history = onstream.Space(0)
	silent  = 1 // the port
)

const silenceTimer = 1

var (
	_ = onstream.Register(onstream.Behaviour{Open: open, Records: process, Configure: configure})
	_ = timers.Register(fallSilent)
)

var (
	limit           float64
	warmup, silence int64
	text            []byte // a value that is being made
)

func open(s onstream.Settings) error {
	warmup, silence = s.Int("warmup"), s.Micros("silence")
	return configure(s)
}

func configure(s onstream.Settings) error {
	limit = s.Float("limit")
	return nil
}

// readings is what is kept of a device. Mean and squares are updated as Welford does it (1962), which does not lose digits.
type readings struct {
	count   int64
	mean    float64
	squares float64 // the sum of those of the distances from the mean
}

// bytes is how readings are kept: as they are in the memory of the module.
func (r *readings) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r))
}

func (r *readings) add(t float64) {
	distance := t - r.mean
	r.count++
	r.mean += distance / float64(r.count)
	r.squares += distance * (t - r.mean)
}

// score is how many standard deviations a temperature is from the mean, 0 where that is not known.
func (r *readings) score(t float64) float64 {
	if r.count < warmup || r.squares == 0 {
		return 0
	}
	return math.Abs(t-r.mean) / math.Sqrt(r.squares/float64(r.count))
}

func process(in *onstream.Records, out *onstream.Output) error {
	rings := onstream.Now() + silence
	for row := range in.Len() {
		raw, _ := onstream.Field(in.Value(row), "temperature")
		t, ok := onstream.Number(raw)
		if !ok {
			out.Fail(row, `no number "temperature"`)
			continue
		}
		timers.Set(row, timers.Wall, silenceTimer, rings)
		var known readings
		if kept, ok := history.Get(row, ""); ok {
			copy(known.bytes(), kept)
		}
		score := known.score(t)
		if score > limit {
			device, _ := in.Key(row)
			out.Record(row).SetValue(report(device, t, score))
			continue
		}
		known.add(t)
		history.Put(row, "", known.bytes())
	}
	return nil
}

func report(device []byte, t, score float64) []byte {
	text = onstream.AppendString(append(text[:0], `{"device":`...), device)
	text = onstream.AppendFixed(append(text, `,"temperature":`...), t, 3)
	text = onstream.AppendFixed(append(text, `,"score":`...), score, 3)
	return append(text, '}')
}

func fallSilent(due *timers.Due, out *onstream.Output) error {
	for row := range due.Len() {
		device := due.Key(row)
		text = onstream.AppendString(append(text[:0], `{"device":`...), device)
		out.New().SetKey(device).SetValue(append(text, `,"silent":true}`...)).To(silent)
	}
	return nil
}

func main() {}
