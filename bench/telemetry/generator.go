package telemetry

import (
	"math/rand/v2"
	"strconv"
)

// Config says what to generate. The zero value is the fleet of the published
// workloads.
type Config struct {
	Seed    uint64 // any value; the same seed gives the same lines
	Devices int    // devices in the fleet; 0 means 10,000
	Rate    int    // lines per second of event time; 0 means 10,000
	Start   int64  // event time of the first line in ms; 0 means 1,700,000,000,000
	Hot     bool   // draw only temperatures above Threshold, so that no filter drops a line
}

// Threshold is the temperature that 10.2 % of the lines exceed.
const Threshold = 75

// maxLine bounds the length of a line with any int64 as its time, so that a
// caller can tell when a buffer is full.
const maxLine = 192

// Generator produces lines. Use New.
type Generator struct {
	rng     *rand.PCG
	config  Config
	line    int64
	devices []device
	tables  *tables
}

// device holds what never changes in a device's lines, ready to copy.
type device struct {
	head string // {"device_id":"d-002305","ts":
	tail string // ,"site":"plant-5","fw":"1.4.2"}\n
}

// New returns a generator at its first line.
func New(config Config) *Generator {
	if config.Devices == 0 {
		config.Devices = 10_000
	}
	if config.Rate == 0 {
		config.Rate = 10_000
	}
	if config.Start == 0 {
		config.Start = 1_700_000_000_000
	}
	g := &Generator{
		// PCG's sequence is part of its documentation, unlike that of the
		// top-level functions of the package.
		rng:     rand.NewPCG(config.Seed, 0x6f6e73747265616d),
		config:  config,
		devices: make([]device, config.Devices),
		tables:  newTables(config.Hot),
	}
	for i := range g.devices {
		g.devices[i] = newDevice(i)
	}
	return g
}

// Append appends the next line, newline included, to dst.
func (g *Generator) Append(dst []byte) []byte {
	return g.AppendAt(dst, g.config.Start+g.line*1000/int64(g.config.Rate))
}

// AppendAt appends the next line with ts as its time instead of the event time
// it would have had. Latency is measured with send times in that place.
func (g *Generator) AppendAt(dst []byte, ts int64) []byte {
	g.line++
	// One draw feeds all choices: bits 0-31 the device, 32-47 the
	// temperature, 48-55 the status, the rest and a second look at the device
	// bits the two minor readings.
	r := g.rng.Uint64()
	d := &g.devices[uint64(uint32(r))*uint64(len(g.devices))>>32]
	t := g.tables
	dst = append(dst, d.head...)
	dst = strconv.AppendInt(dst, ts, 10)
	dst = append(dst, t.temperature[r>>32&(temperatures-1)]...)
	dst = append(dst, t.humidity[(r>>20^r>>44)&(humidities-1)]...)
	dst = append(dst, t.vibration[(r>>3^r>>54)&(vibrations-1)]...)
	dst = append(dst, t.status[r>>48&(statuses-1)]...)
	return append(dst, d.tail...)
}
