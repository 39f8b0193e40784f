package wasm

import (
	"math"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// getForeign returns the guest, a new one where there is none.
func (g *guest) getForeign(s *stage) (foreign.Guest, *host.Fault) {
	if g.foreign != nil {
		return g.foreign, nil
	}
	f := s.plan.foreign
	made, err := f.start(foreign.Config{
		Module: g.module, Log: s.log, Now: s.env.Now().UnixMicro(), Pipeline: s.env.Pipeline, Stage: s.env.Stage,
		Function: f.function, Args: f.args, Settings: f.settings, Ports: f.named,
	})
	if err != nil {
		return nil, faultOf(err)
	}
	g.foreign = made
	s.breaker.health.instances.Record(1)
	return made, nil
}

// attemptForeign gives rows to a guest of another interface. What it has made of those before a row that is to
// blame counts; where that row is not known, it is looked for in the halves.
func (s *stage) attemptForeign(rows []uint32) error {
	for len(rows) > 0 {
		if f := s.breaker.open(s.env.Now()); f != nil {
			s.fail(work{rows: rows}, *f)
			return nil
		}
		n, fault, err := s.giveForeign(rows)
		if err != nil {
			return err
		}
		if rows = rows[n:]; n > 0 {
			s.breaker.succeeded()
		}
		if fault == nil {
			continue
		}
		s.breaker.failed(s.env.Now(), fault, s.logger)
		if len(rows) > 1 && !s.plan.foreign.perRecord {
			half := len(rows) / 2
			if err := s.attemptForeign(rows[:half]); err != nil {
				return err
			}
			rows = rows[half:]
			continue
		}
		s.fail(work{rows: rows[:1]}, plugins.Failure{Code: fault.Code, Msg: fault.Msg})
		rows = rows[1:]
	}
	return nil
}

// giveForeign gives rows to the guest and passes on what it makes of the first of them. It returns how many these are.
func (s *stage) giveForeign(rows []uint32) (n int, fault *host.Fault, err error) {
	g, fault := s.guest.getForeign(s)
	if fault != nil {
		return 0, fault, nil
	}
	s.frame.Reset()
	defer s.trimForeign()
	n, err = g.Give(host.Call{Now: s.env.Now().UnixMicro(), Watermark: s.watermark()}, &foreignRows{stage: s, rows: rows}, &s.frame)
	if err != nil {
		g.Discard()
		s.guest.foreign = nil
		var ok bool
		if fault, ok = err.(*host.Fault); !ok { //nolint:errorlint // one that is wrapped would be of the host
			return 0, nil, err
		}
	}
	if n == 0 {
		return 0, fault, nil
	}
	records, err := abi.ParseRecords(s.frame.Frame(n), uint32(n), len(s.result.ports), math.MaxInt, nil)
	if err != nil {
		return 0, nil, err
	}
	s.result.frames = append(s.result.frames[:0], records)
	s.deliverRecords(rows[:n])
	return n, fault, nil
}

// trimForeign gives back the room of a frame that has become long, and of what points into it.
func (s *stage) trimForeign() {
	if s.frame.Size() <= 2*foreign.FrameSize {
		return
	}
	s.frame, s.result.frames = abi.OutputWriter{}, nil
	for k := range s.result.ports {
		s.result.ports[k].records = nil
	}
}

// foreignRows are rows of the batch, as a guest of another interface is given them.
type foreignRows struct {
	*stage
	rows    []uint32
	headers []abi.Pair
}

var _ foreign.Rows = (*foreignRows)(nil)

// Len implements [foreign.Rows].
func (r *foreignRows) Len() int { return len(r.rows) }

// Key implements [foreign.Rows].
func (r *foreignRows) Key(i int) ([]byte, bool) { return r.keyOf(r.rows[i]) }

// Value implements [foreign.Rows].
func (r *foreignRows) Value(i int) []byte { return r.valueOf(r.rows[i]) }

// Time implements [foreign.Rows].
func (r *foreignRows) Time(i int) int64 {
	if r.times == nil {
		return abi.NoTime
	}
	return micros(r.times[r.rows[i]])
}

// Offset implements [foreign.Rows].
func (r *foreignRows) Offset(i int) int64 {
	if r.batch.Offsets == nil {
		return 0
	}
	return r.batch.Offsets[r.rows[i]]
}

// Headers implements [foreign.Rows].
func (r *foreignRows) Headers(i int) []abi.Pair {
	r.headers = r.headers[:0]
	for _, h := range r.batch.HeadersOf(r.rows[i]) {
		r.headers = append(r.headers, abi.Pair{Name: h.Name.Of(r.batch.Data), Value: h.Value.Of(r.batch.Data)})
	}
	return r.headers
}
