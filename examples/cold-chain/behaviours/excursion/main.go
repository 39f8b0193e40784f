// Command excursion is a behaviour. It tells how long a device has been too warm, and when that has been too long: once for each time, so
// that nobody is woken by every reading.
package main

import (
	"encoding/binary"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

// The inputs and outputs, as the manifest numbers them.
const (
	inTemperature = iota
	inTime
)

const (
	outWarmFor = iota
	outAlarm
)

// excursions is the namespace of the state: for each device that is too warm, since when, and whether that was told.
const excursions onstream.Space = 0

var (
	limit     float64
	tolerance int64 // µs
)

var _ = onstream.Register(onstream.Behaviour{Open: open, Columns: process, Configure: configure})

func open(s onstream.Settings) error {
	tolerance = s.Micros("tolerance")
	return configure(s)
}

// configure is called with another limit, between two batches.
func configure(s onstream.Settings) error {
	limit = s.Float("limit_c")
	return nil
}

// process is given the readings of many devices. A row stands for its device where the state is concerned.
func process(in *onstream.Columns, out *onstream.Output) error {
	temperatures, times := in.Floats(inTemperature), in.Micros(inTime)
	warmFor, alarms := out.Durations(outWarmFor), out.Bools(outAlarm)
	for row := range in.Len() {
		warmFor[row], alarms[row] = 0, false
		e, warm := read(row)
		if temperatures[row] <= limit {
			if warm {
				excursions.Delete(row, "")
			}
			continue
		}
		if !warm {
			e.since = times[row]
		}
		warmFor[row] = max(0, times[row]-e.since)
		if warmFor[row] > tolerance && !e.told {
			alarms[row], e.told = true, true
		}
		e.write(row)
	}
	return nil
}

// excursion is a time during which a device is too warm.
type excursion struct {
	since int64
	told  bool
}

func read(row int) (e excursion, ok bool) {
	b, ok := excursions.Get(row, "")
	if !ok || len(b) != 9 {
		return e, false
	}
	return excursion{int64(binary.LittleEndian.Uint64(b)), b[8] != 0}, true
}

func (e excursion) write(row int) {
	var b [9]byte
	binary.LittleEndian.PutUint64(b[:], uint64(e.since))
	if e.told {
		b[8] = 1
	}
	excursions.Put(row, "", b[:])
}

func main() {}
