package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A workload says what the records of a run are like. Shares are of 1.
type workload struct {
	keys    int           // devices
	hot     float64       // share of the records that are of one device
	copies  float64       // share that is sent twice
	poison  float64       // share that is no record
	ahead   float64       // share whose clock is a day ahead
	harm    float64       // share that has a WebAssembly module or a plugin do harm
	harmOf  int           // what, see harms and pluginHarms; 0 for any of harms
	shuffle time.Duration // how far a record's time may lie behind the latest
	pad     int           // bytes that are added to each record
}

const (
	// tick is how far event time moves from one record to the next.
	tick = 10 * time.Millisecond
	// windowSize and lateness are those of the pipelines.
	windowSize = time.Second
	lateness   = 2 * time.Second
	// recent is how far a copy may lie behind its original, in records.
	recent = 200
)

// generator makes the records of a run from its seed. All devices share one
// event time, as those of a plant do, which is long past.
type generator struct {
	workload
	run  string
	rng  *rand.Rand
	base time.Time
	n    int            // lines so far
	seqs map[string]int // the next of each key
	past []claim        // the most recent records
}

func newGenerator(run string, seed uint64, w workload) *generator {
	return &generator{
		workload: w, run: run, rng: rand.New(rand.NewPCG(seed, 1)), seqs: map[string]int{},
		base: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// next returns the next line to send.
func (g *generator) next() claim {
	g.n++
	switch p := g.rng.Float64(); {
	case p < g.poison:
		return claim{Run: g.run, Kind: poison, record: record{ID: fmt.Sprintf("poison/%d", g.n), Key: g.key()}}
	case p < g.poison+g.ahead:
		c := g.record(g.key(), time.Now().Add(24*time.Hour).UTC())
		c.Kind = ahead
		return c
	case p < g.poison+g.ahead+g.copies && len(g.past) > 0:
		c := g.past[g.rng.IntN(len(g.past))]
		c.Copy = true
		return c
	}
	at := g.base.Add(time.Duration(g.n) * tick)
	if g.shuffle > 0 {
		at = at.Add(-time.Duration(g.rng.Int64N(int64(g.shuffle))))
	}
	c := g.record(g.key(), at)
	if g.harm > 0 && g.rng.Float64() < g.harm {
		c.Kind, c.Value = harm, -int64(g.harmOf)
		if g.harmOf == 0 {
			c.Value = -1 - g.rng.Int64N(int64(len(harms())))
		}
		return c
	}
	if g.past = append(g.past, c); len(g.past) > recent {
		g.past = g.past[1:]
	}
	return c
}

// fresh returns a record for each device that has sent something, so much later
// that all windows close.
func (g *generator) fresh() []claim {
	var all []claim
	at := g.base.Add(time.Duration(g.n)*tick + 2*time.Hour)
	for k := range g.keys {
		if key := deviceName(k); g.seqs[key] > 0 {
			all = append(all, g.record(key, at))
		}
	}
	return all
}

func (g *generator) record(key string, at time.Time) claim {
	seq := g.seqs[key]
	g.seqs[key]++
	id := fmt.Sprintf("%s/%d", key, seq)
	return claim{Run: g.run, Kind: good, record: record{
		ID: id, Key: key, Seq: seq, TS: at, Value: g.rng.Int64N(1000), Pad: strings.Repeat("x", g.pad),
	}}
}

func (g *generator) key() string {
	if g.hot > 0 && g.rng.Float64() < g.hot {
		return deviceName(0)
	}
	return deviceName(g.rng.IntN(g.keys))
}

func deviceName(n int) string { return fmt.Sprintf("d%02d", n) }
