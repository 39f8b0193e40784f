package simulator

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// Press runs a device at an address until ctx ends, and says on w that it does: a hydraulic press whose values change each 100 ms.
//
//	input 100    temperature of the oil, tenths of a degree, int16
//	input 101    pressure, bar, float32
//	holding 10   strokes so far, uint32
//	coil 7       whether it runs
func Press(ctx context.Context, address string, w io.Writer) error {
	d, err := New(address)
	if err != nil {
		return err
	}
	if err := d.Start(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "a press answers at %s; Ctrl-C ends it\n", d.Address()); err != nil {
		_ = d.Stop()
		return err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := uint32(0); ; n++ {
		d.press(n)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return d.Stop()
		}
	}
}

// press sets the values of the n-th moment.
func (d *Device) press(n uint32) {
	at := float64(n) / 50
	pressure := math.Float32bits(float32(120 + 40*math.Sin(7*at)))
	strokes := n / 10
	d.SetInput(100, uint16(int16(450+80*math.Sin(at))), uint16(pressure>>16), uint16(pressure))
	d.SetHolding(10, uint16(strokes>>16), uint16(strokes))
	d.SetCoil(7, n%300 < 250)
}
