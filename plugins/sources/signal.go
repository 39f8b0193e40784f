package sources

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/onstream/onstream/plugins"
)

func signalSchema() plugins.Schema {
	return plugins.Schema{Attrs: []plugins.Attr{
		{
			Name: "kind", Type: plugins.AttrString, Required: true,
			Enum: []string{"sine", "random_walk", "step", "noise", "counter", "enum", "flag", "constant"},
			Doc:  "sine, random_walk, step (a level that changes each period) and noise are floats between min and max; counter is an int that grows by step; enum is one of values; flag is true with a probability; constant is value.",
		},
		{Name: "min", Type: plugins.AttrFloat, Default: 0.0, Doc: "The least value, before noise and drift; what a counter starts from."},
		{Name: "max", Type: plugins.AttrFloat, Default: 1.0, Doc: "The greatest value, before noise and drift."},
		{Name: "period", Type: plugins.AttrDuration, Default: time.Minute, Min: plugins.Bound(1e-9), Doc: "Of sine and step; each device has its own phase."},
		{Name: "step", Type: plugins.AttrFloat, Doc: "How far random_walk goes at most in one record, a fiftieth of its range unless given; what a counter grows by, 1 unless given."},
		{Name: "noise", Type: plugins.AttrFloat, Default: 0.0, Min: plugins.Bound(0), Doc: "How far a float is off at most, at random."},
		{Name: "drift", Type: plugins.AttrFloat, Default: 0.0, Doc: "How far a float goes off in an hour."},
		{Name: "digits", Type: plugins.AttrInt, Default: int64(2), Min: plugins.Bound(0), Max: plugins.Bound(15), Doc: "Decimals of a float."},
		{Name: "values", Type: plugins.AttrStrings, Doc: "Of enum."},
		{Name: "probability", Type: plugins.AttrFloat, Min: plugins.Bound(0), Max: plugins.Bound(1), Doc: "Of enum: how likely it is one of the other values than the first, all alike unless given. Of flag: how likely it is true, 0.5 unless given."},
		{Name: "per", Type: plugins.AttrString, Default: "record", Enum: []string{"record", "device"}, Doc: "Whether an enum or flag is chosen for each record, or once for each device."},
		{Name: "value", Type: plugins.AttrValue, Doc: "Of constant."},
		{Name: "missing", Type: plugins.AttrFloat, Default: 0.0, Min: plugins.Bound(0), Max: plugins.Bound(1), Doc: "The probability of null instead of a value."},
	}}
}

// signal is one measured quantity of all devices.
type signal struct {
	shape    string
	min, max float64
	period   float64
	step     float64
	noise    float64
	drift    float64 // by nanosecond
	scale    float64 // 10 to the power of the decimals
	values   []string
	likely   float64
	fixed    bool // chosen once for each device
	value    plugins.Value
	missing  float64
	state    []float64 // by device
	level    []int64   // of step, by device: the period it is in
}

// slot is one value: a float's bits, an integer, or the index of a string.
type slot struct {
	bits uint64
	null bool
}

func newSignal(c plugins.Config) (*signal, *plugins.ConfigError) {
	s := &signal{
		shape: c.String("kind"), min: c.Float("min"), max: c.Float("max"), period: float64(c.Duration("period")),
		noise: c.Float("noise"), drift: c.Float("drift") / float64(time.Hour), scale: math.Pow10(int(c.Int("digits"))),
		values: c.Strings("values"), fixed: c.String("per") == "device", value: c.Value("value"), missing: c.Float("missing"),
	}
	switch {
	case s.min > s.max && s.kind() == plugins.Float:
		return nil, &plugins.ConfigError{Path: "min", Msg: "min is greater than max: swap them"}
	case s.shape == "enum" && len(s.values) == 0:
		return nil, &plugins.ConfigError{Path: "values", Msg: "an enum needs values: values = [\"ok\", \"degraded\"]"}
	case s.shape == "constant" && !c.Has("value"):
		return nil, &plugins.ConfigError{Path: "value", Msg: "a constant needs a value: value = \"oslo\""}
	}
	s.step = c.Float("step")
	if !c.Has("step") {
		s.step = (s.max - s.min) / 50
		if s.shape == "counter" {
			s.step = 1
		}
	}
	switch {
	case c.Has("probability"):
		s.likely = c.Float("probability")
	case s.shape == "enum":
		s.likely = 1 - 1/float64(len(s.values))
	default:
		s.likely = 0.5
	}
	return s, nil
}

func (s *signal) kind() plugins.Kind {
	switch s.shape {
	case "counter":
		return plugins.Int
	case "enum":
		return plugins.String
	case "flag":
		return plugins.Bool
	case "constant":
		return s.value.Kind
	default:
		return plugins.Float
	}
}

func (s *signal) typ() plugins.Type {
	t := plugins.Of(s.kind())
	t.Nullable = s.missing > 0
	return t
}

// begin chooses where each device starts.
func (s *signal) begin(devices int, rng *rand.Rand) {
	s.state = make([]float64, devices)
	s.level = make([]int64, devices)
	for d := range s.state {
		switch s.shape {
		case "sine":
			s.state[d] = rng.Float64() * 2 * math.Pi
		case "counter":
			s.state[d] = s.min
		case "enum", "flag":
			s.state[d] = float64(s.choose(rng))
		default:
			s.state[d] = s.min + (s.max-s.min)*rng.Float64()
		}
		s.level[d] = -1
	}
}

// next returns the value that a device measures at a time after the start.
func (s *signal) next(device int, elapsed int64, rng *rand.Rand) slot {
	bits := s.measure(device, elapsed, rng)
	return slot{bits, happens(s.missing, rng)}
}

func (s *signal) measure(device int, elapsed int64, rng *rand.Rand) uint64 {
	var v float64
	state := &s.state[device]
	switch s.shape {
	case "sine":
		v = s.min + (s.max-s.min)*(0.5+0.5*math.Sin(*state+2*math.Pi*float64(elapsed)/s.period))
	case "random_walk":
		*state += s.step * (2*rng.Float64() - 1)
		if *state > s.max {
			*state = max(s.min, 2*s.max-*state) // reflected at the bound
		} else if *state < s.min {
			*state = min(s.max, 2*s.min-*state)
		}
		v = *state
	case "step":
		if now := int64(float64(elapsed) / s.period); now != s.level[device] {
			s.level[device], *state = now, s.min+(s.max-s.min)*rng.Float64()
		}
		v = *state
	case "noise":
		v = s.min + (s.max-s.min)*rng.Float64()
	case "counter":
		n := int64(*state)
		*state += s.step
		return uint64(n)
	case "enum", "flag":
		if s.fixed {
			return uint64(*state)
		}
		return s.choose(rng)
	case "constant":
		return 0
	}
	if s.noise > 0 {
		v += s.noise * (2*rng.Float64() - 1)
	}
	v += s.drift * float64(elapsed)
	return math.Float64bits(math.Round(v*s.scale) / s.scale)
}

// choose returns the index of a value of an enum, 0 or 1 for a flag.
func (s *signal) choose(rng *rand.Rand) uint64 {
	if rng.Float64() >= s.likely || s.shape == "enum" && len(s.values) == 1 {
		return 0
	}
	if s.shape == "flag" {
		return 1
	}
	return 1 + rng.Uint64N(uint64(len(s.values)-1))
}

// fill puts the values of this signal, the k-th, into a column.
func (s *signal) fill(col *plugins.Column, rs []reading, k int) {
	var texts []plugins.Span
	for _, v := range s.values {
		texts = append(texts, plugins.Span{Off: uint32(len(col.Data)), Len: uint32(len(v))})
		col.Data = append(col.Data, v...)
	}
	for i := range rs {
		at := rs[i].slots[k]
		switch s.shape {
		case "constant":
			col.SetValue(uint32(i), s.value)
		case "enum":
			col.Spans[i] = texts[at.bits]
		case "flag":
			col.Bools[i] = at.bits != 0
		case "counter":
			col.Ints[i] = int64(at.bits)
		default:
			col.Floats[i] = math.Float64frombits(at.bits)
		}
		if at.null {
			col.SetNull(uint32(i))
		}
	}
}
