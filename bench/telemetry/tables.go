package telemetry

import (
	"math"
	"strconv"
)

// Sizes of the tables; powers of two, so that a mask picks an entry.
const (
	temperatures = 1 << 16
	humidities   = 1 << 10
	vibrations   = 1 << 10
	statuses     = 1 << 8
)

// Parameters of the readings. With this deviation the 89.8th percentile of
// the temperature is Threshold.
const (
	meanTemperature = 60.0
	deviation       = 11.81
	hotShare        = 0.102
)

// tables hold the readings as text with their key in front. Entry i of a
// table is the quantile (i+½)/size of the reading's distribution, so that a
// uniform draw of the index is a draw from the distribution.
type tables struct {
	temperature [temperatures]string
	humidity    [humidities]string
	vibration   [vibrations]string
	status      [statuses]string
}

func newTables(hot bool) *tables {
	t := new(tables)
	for i := range t.temperature {
		q := (float64(i) + 0.5) / temperatures
		if hot {
			q = 1 - hotShare*(1-q)
		}
		v := math.Round((meanTemperature+deviation*normalQuantile(q))*100) / 100
		if hot {
			// The quantiles next to the threshold round to it.
			v = math.Max(v, Threshold+0.01)
		}
		t.temperature[i] = field("temperature", v)
	}
	for i := range t.humidity {
		q := (float64(i) + 0.5) / humidities
		t.humidity[i] = field("humidity", math.Round((30+60*q)*10)/10)
	}
	for i := range t.vibration {
		q := (float64(i) + 0.5) / vibrations
		t.vibration[i] = field("vibration", math.Round(-30*math.Log(1-q)+1)/1000)
	}
	for i := range t.status {
		s := "ok"
		switch q := (float64(i) + 0.5) / statuses; {
		case q > 0.98:
			s = "error"
		case q > 0.90:
			s = "warn"
		}
		t.status[i] = `,"status":"` + s + `"`
	}
	return t
}

// field returns one member with the shortest text of its number.
func field(name string, v float64) string {
	return `,"` + name + `":` + strconv.FormatFloat(v, 'f', -1, 64)
}

// normalQuantile returns the value that a standard normal variable stays
// below with probability q.
func normalQuantile(q float64) float64 {
	return math.Sqrt2 * math.Erfinv(2*q-1)
}
