// Package telemetry generates the input of the benchmark: the readings of a
// fleet of devices, one JSON object a line, the same bytes for the same seed
// on every platform.
//
//	{"device_id":"d-002305","ts":1700000000000,"temperature":63.45,"humidity":60.4,"vibration":0.021,"status":"ok","site":"plant-5","fw":"1.4.2"}
//
// A line is 143 bytes on average, newline included. Temperatures are normally
// distributed so that 10.2 % of the lines are hotter than 75; devices are
// drawn at random from 10,000, each with a site and a firmware of its own;
// event time advances by 10,000 lines a second.
//
// A Generator belongs to one goroutine. It formats from tables, so that
// writing millions of lines a second is not what a benchmark waits for.
package telemetry
