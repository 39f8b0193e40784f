package sources

import (
	"math/rand/v2"
	"time"

	"github.com/onstream/onstream/plugins"
)

// How late a record is that does not arrive in its turn, in records, and how
// many of them are under way at once.
const (
	latest   = 8
	underWay = 32
)

func faultsSchema() plugins.Schema {
	probability := func(name, doc string) plugins.Attr {
		return plugins.Attr{Name: name, Type: plugins.AttrFloat, Default: 0.0, Min: plugins.Bound(0), Max: plugins.Bound(1), Doc: doc}
	}
	return plugins.Schema{Attrs: []plugins.Attr{
		probability("dropout", "The probability that a record is lost, and that its device falls silent; seq shows the gap."),
		{Name: "dropout_for", Type: plugins.AttrDuration, Default: time.Duration(0), Min: plugins.Bound(0), Doc: "How long a device is silent then, by the time of the measurements; 0 loses the one record only."},
		probability("duplicate", "The probability that a record arrives twice."),
		probability("out_of_order", "The probability that a record arrives late, after up to 8 later ones."),
		{Name: "clock_skew", Type: plugins.AttrDuration, Default: time.Duration(0), Min: plugins.Bound(0), Doc: "How far a device's clock is wrong at most, in either direction."},
	}}
}

// faults is what happens to records between the device and its pipeline.
type faults struct {
	dropout    float64
	silence    int64
	duplicate  float64
	outOfOrder float64
	skew       []int64 // by device; nil when clocks are right
	silent     []int64 // by device, until when

	late   []lateReading
	repeat bool
	last   reading // what is repeated
}

type lateReading struct {
	reading
	after int64 // this many measurements
}

func newFaults(c plugins.Config, devices int, rng *rand.Rand) *faults {
	f := &faults{
		dropout: c.Float("dropout"), silence: int64(c.Duration("dropout_for")),
		duplicate: c.Float("duplicate"), outOfOrder: c.Float("out_of_order"),
		late: make([]lateReading, 0, underWay), silent: make([]int64, devices),
	}
	if most := int64(c.Duration("clock_skew")); most > 0 {
		f.skew = make([]int64, devices)
		for d := range f.skew {
			f.skew[d] = rng.Int64N(2*most+1) - most
		}
	}
	return f
}

// next makes r the next record that arrives; there is none when it returns
// false.
func (f *faults) next(fl *fleet, r *reading) bool {
	if f.repeat {
		f.repeat = false
		r.copyFrom(&f.last)
		return true
	}
	if f.takeLate(r, fl.measured) {
		return true
	}
	for fl.measure(r) {
		if f.loses(r, fl) {
			continue
		}
		if f.skew != nil {
			r.ts += f.skew[r.device]
		}
		if happens(f.outOfOrder, fl.rng) && len(f.late) < underWay {
			f.delay(r, fl.measured+1+fl.rng.Int64N(latest))
			continue
		}
		if happens(f.duplicate, fl.rng) {
			f.repeat = true
			f.last.copyFrom(r)
		}
		return true
	}
	return f.takeLate(r, fl.measured+latest+1)
}

func happens(probability float64, rng *rand.Rand) bool {
	return probability > 0 && rng.Float64() < probability
}

// loses reports whether the record does not arrive at all.
func (f *faults) loses(r *reading, fl *fleet) bool {
	if f.dropout == 0 {
		return false
	}
	if r.ts < f.silent[r.device] {
		return true
	}
	if happens(f.dropout, fl.rng) {
		f.silent[r.device] = r.ts + f.silence
		return true
	}
	return false
}

// delay keeps the record until so many measurements were made.
func (f *faults) delay(r *reading, after int64) {
	f.late = f.late[:len(f.late)+1]
	l := &f.late[len(f.late)-1]
	l.copyFrom(r)
	l.after = after
}

// takeLate makes r the first late record that is due.
func (f *faults) takeLate(r *reading, measured int64) bool {
	for k := range f.late {
		if f.late[k].after <= measured {
			r.copyFrom(&f.late[k].reading)
			end := len(f.late) - 1
			f.late[k], f.late[end] = f.late[end], f.late[k] // keeps the memory of both
			f.late = f.late[:end]
			return true
		}
	}
	return false
}
