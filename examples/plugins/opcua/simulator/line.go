package simulator

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// Line runs a server at an address until ctx ends, and says on w that it does: a production line whose values change each 100 ms.
//
//	ns=1;s=Line.Temperature   °C, a double
//	ns=1;s=Line.Speed         m/min, a double
//	ns=1;s=Line.Count         pieces so far, a 32-bit integer
//	ns=1;s=Line.State         a string
func Line(ctx context.Context, address string, w io.Writer) error {
	s, err := Start(Config{Address: address})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "a line answers at %s; Ctrl-C ends it\n", s.Endpoint()); err != nil {
		_ = s.Stop()
		return err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		s.line(n)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s.Stop()
		}
	}
}

// line sets the values of the n-th moment.
func (s *Server) line(n int) {
	at := float64(n) / 50
	state := "running"
	if n%300 >= 250 {
		state = "stopped"
	}
	s.Set("Line.Temperature", math.Round(10*(45+8*math.Sin(at)))/10)
	s.Set("Line.Speed", math.Round(10*(12+math.Sin(3*at)))/10)
	s.Set("Line.Count", int32(n/10))
	s.Set("Line.State", state)
}
