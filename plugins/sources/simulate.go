package sources

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
)

// simulateBatch is how many records go on together at most.
const simulateBatch = 1024

// simulateTick is how long to wait at least for more records to be due: their
// time of sending is not more exact than that.
const simulateTick = time.Millisecond

func simulateKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name:   "simulate",
		Schema: simulateSchema(),
		Output: simulateShape,
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Weakens: "simulated records that a crash interrupts are not made again"}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			s := &simulate{rate: c.Float("rate"), limit: c.Int("count"), env: env, config: c}
			return s, nil
		},
	}
}

func simulateSchema() plugins.Schema {
	return plugins.Schema{
		Doc: "A fleet of devices that send measurements in turn: `device`, `ts` (time by the device's clock), `seq` (counts up for each device) and a field for each signal. The same seed gives the same records.",
		Example: `source "simulate" "readings" {
  devices = 20
  rate    = 100
  count   = 1000
  signal "temperature" {
    kind   = "sine"
    min    = 55
    max    = 85
    period = "10m"
    noise  = 1.5
  }
  signal "status" {
    kind        = "enum"
    values      = ["ok", "degraded"]
    probability = 0.02
  }
}`,
		Attrs: []plugins.Attr{
			{Name: "devices", Type: plugins.AttrInt, Default: int64(10), Min: plugins.Bound(1), Max: plugins.Bound(1e7), Doc: "Devices in the fleet."},
			{Name: "prefix", Type: plugins.AttrString, Default: "d-", Doc: "What the devices' names begin with; a number follows."},
			{Name: "rate", Type: plugins.AttrFloat, Default: 10.0, Min: plugins.Bound(0), Max: plugins.Bound(1e9), Doc: "Records a second, of the whole fleet; 0 is as fast as they are taken."},
			{Name: "count", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Doc: "Measurements to make, before faults lose or repeat some; 0 is without end."},
			{Name: "duration", Type: plugins.AttrDuration, Min: plugins.Bound(1e-9), Doc: "Ends when the time of the measurements has moved on so far."},
			{Name: "seed", Type: plugins.AttrInt, Default: int64(1), Doc: "Chooses among the possible fleets."},
			{Name: "start_time", Type: plugins.AttrString, Doc: "The time of the first measurement, as in \"2026-01-01T00:00:00Z\"; now unless given."},
			{Name: "interval", Type: plugins.AttrDuration, Min: plugins.Bound(1e-9), Doc: "The time from one measurement of the fleet to the next; as the rate says unless given, and where that is 0, so that each device measures once a second."},
		},
		Blocks: []plugins.Block{
			{Name: "signal", Label: "field", Repeated: true, Doc: "A field that is measured.", Schema: signalSchema()},
			{Name: "faults", Doc: "What goes wrong on the way; nothing unless given.", Schema: faultsSchema()},
		},
	}
}

func simulateShape(c plugins.Config) (plugins.Shape, error) {
	if at := c.String("start_time"); at != "" {
		if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
			return plugins.Shape{}, plugins.ConfigErrorf("start_time", "%q is no time: write it like \"2026-01-01T00:00:00Z\"", at)
		}
	}
	fields := []plugins.Field{
		{Name: "device", Type: plugins.Of(plugins.String)},
		{Name: "ts", Type: plugins.Of(plugins.Time)},
		{Name: "seq", Type: plugins.Of(plugins.Int)},
	}
	taken := map[string]bool{"device": true, "ts": true, "seq": true}
	for _, b := range c.Blocks("signal") {
		at := "signal[" + b.Label + "]"
		if taken[b.Label] {
			return plugins.Shape{}, plugins.ConfigErrorf(at, "there is a field %q already: name the signal differently", b.Label)
		}
		taken[b.Label] = true
		sig, err := newSignal(b.Config)
		if err != nil {
			return plugins.Shape{}, plugins.ConfigErrorf(at+"."+err.Path, "%s", err.Msg)
		}
		fields = append(fields, plugins.Field{Name: b.Label, Type: sig.typ()})
	}
	return plugins.Columns(fields...), nil
}

type simulate struct {
	rate   float64
	limit  int64
	env    plugins.Env
	config plugins.Config
	made   atomic.Int64
}

var (
	_ plugins.Source     = (*simulate)(nil)
	_ plugins.Progresser = (*simulate)(nil)
)

// Progress implements [plugins.Progresser].
func (s *simulate) Progress() (done, total int64) { return s.made.Load(), s.limit }

// Run implements [plugins.Source].
func (s *simulate) Run(ctx context.Context, out plugins.Outlet) error {
	fleet, err := newFleet(s.config, s.env.Now())
	if err != nil {
		return err
	}
	pace := pacer{rate: s.rate, began: s.env.Now()}
	part := plugins.Partition{Name: "fleet"}
	for more := true; more; {
		n, err := pace.due(ctx, s.env)
		if err != nil {
			return err
		}
		b := out.Batch()
		more = fleet.fill(b, n)
		pace.sent += fleet.measured - s.made.Load()
		s.made.Store(fleet.measured)
		if b.Len == 0 {
			b.Release()
			continue
		}
		b.Part, b.Received = part, s.env.Now().UnixNano()
		if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
			return err
		}
	}
	out.Done(part)
	return nil
}

// pacer says when records are due.
type pacer struct {
	rate  float64
	began time.Time
	sent  int64 // since began
}

// due waits until records are due and returns how many.
func (p *pacer) due(ctx context.Context, env plugins.Env) (int, error) {
	if p.rate == 0 {
		return simulateBatch, ctx.Err()
	}
	for {
		now := env.Now()
		n := math.Floor(now.Sub(p.began).Seconds()*p.rate) + 1 - float64(p.sent)
		if n > max(p.rate, simulateBatch) { // downstream is slower: do not make up for more than a second
			p.began, p.sent, n = now, 0, 1
		}
		if n >= 1 {
			return int(min(n, simulateBatch)), nil
		}
		next := time.Duration(float64(p.sent)/p.rate*1e9) - now.Sub(p.began)
		if err := env.Wait(ctx, max(next, simulateTick)); err != nil {
			return 0, err
		}
	}
}
