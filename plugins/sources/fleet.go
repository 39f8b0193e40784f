package sources

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/onstream/onstream/plugins"
)

// fleet makes the records of simulated devices, in the order in which they
// arrive. What it makes depends on its configuration only, not on how much is
// asked for at once.
type fleet struct {
	devices  int
	prefix   string
	digits   int   // of the number in a device's name
	limit    int64 // measurements; 0 is without end
	start    int64 // event time of the first
	interval int64
	end      int64 // event time after start; 0 is never
	signals  []*signal
	names    []string
	rng      *rand.Rand
	faults   *faults

	measured int64
	seq      []int64   // by device
	batch    []reading // scratch
}

// reading is a record before it is put into columns.
type reading struct {
	device int
	ts     int64
	seq    int64
	number int64  // of the measurement
	slots  []slot // by signal
}

func (r *reading) copyFrom(o *reading) {
	slots := append(r.slots[:0], o.slots...)
	*r = *o
	r.slots = slots
}

func newFleet(c plugins.Config, now time.Time) (*fleet, error) {
	f := &fleet{
		devices: int(c.Int("devices")), prefix: c.String("prefix"),
		limit: c.Int("count"), end: int64(c.Duration("duration")), start: now.UnixNano(), interval: int64(c.Duration("interval")),
		rng: rand.New(rand.NewPCG(uint64(c.Int("seed")), 0)),
	}
	f.digits = len(strconv.Itoa(f.devices - 1))
	f.seq = make([]int64, f.devices)
	if at := c.String("start_time"); at != "" {
		t, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, fmt.Errorf("read start_time: %w", err)
		}
		f.start = t.UnixNano()
	}
	if rate := c.Float("rate"); f.interval == 0 && rate > 0 {
		f.interval = max(1, int64(float64(time.Second)/rate))
	} else if f.interval == 0 {
		f.interval = max(1, int64(time.Second)/int64(f.devices))
	}
	for _, b := range c.Blocks("signal") {
		sig, err := newSignal(b.Config)
		if err != nil {
			return nil, err
		}
		sig.begin(f.devices, f.rng)
		f.signals, f.names = append(f.signals, sig), append(f.names, b.Label)
	}
	f.faults = newFaults(c.Block("faults"), f.devices, f.rng)
	return f, nil
}

// fill puts into b what arrives of the next n measurements, and reports
// whether there are more.
func (f *fleet) fill(b *plugins.Batch, n int) (more bool) {
	f.batch = f.batch[:0]
	more = true
	for until := f.measured + int64(n); more && (f.measured < until || f.over()); {
		if len(f.batch) == cap(f.batch) {
			f.batch = append(f.batch, reading{})[:len(f.batch)]
		}
		f.batch = f.batch[:len(f.batch)+1]
		r := &f.batch[len(f.batch)-1]
		if more = f.faults.next(f, r); !more {
			f.batch = f.batch[:len(f.batch)-1]
		}
	}
	f.columns(b)
	return more
}

// over reports whether there is nothing more to measure.
func (f *fleet) over() bool {
	return f.limit > 0 && f.measured >= f.limit || f.end > 0 && f.measured*f.interval >= f.end
}

// measure makes r the next measurement; there is none when it returns false.
func (f *fleet) measure(r *reading) bool {
	if f.over() {
		return false
	}
	elapsed := f.measured * f.interval
	d := int(f.measured % int64(f.devices))
	r.device, r.ts, r.seq, r.number = d, f.start+elapsed, f.seq[d], f.measured
	r.slots = r.slots[:0]
	for _, s := range f.signals {
		r.slots = append(r.slots, s.next(d, elapsed, f.rng))
	}
	f.seq[d]++
	f.measured++
	return true
}

// columns makes records of the readings.
func (f *fleet) columns(b *plugins.Batch) {
	b.SelectAll(len(f.batch))
	device, ts, seq := b.NewColumn("device", plugins.String), b.NewColumn("ts", plugins.Time), b.NewColumn("seq", plugins.Int)
	b.Times, b.Offsets = b.SpareTimes(), b.SpareOffsets()
	for i := range f.batch {
		r := &f.batch[i]
		begin := len(device.Data)
		device.Data = f.appendName(device.Data, r.device)
		device.Spans[i] = plugins.Span{Off: uint32(begin), Len: uint32(len(device.Data) - begin)}
		ts.Ints[i], seq.Ints[i] = r.ts, r.seq
		b.Times = append(b.Times, r.ts)
		b.Offsets = append(b.Offsets, r.number)
	}
	for k, s := range f.signals {
		s.fill(b.NewColumn(f.names[k], s.kind()), f.batch, k)
	}
}

// appendName appends the name of a device: its prefix and a number with
// leading zeros.
func (f *fleet) appendName(dst []byte, device int) []byte {
	dst = append(dst, f.prefix...)
	begin := len(dst)
	for range f.digits {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; device > 0 && i >= begin; i-- {
		dst[i] = byte('0' + device%10)
		device /= 10
	}
	return dst
}
