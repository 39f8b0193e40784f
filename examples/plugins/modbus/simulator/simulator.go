// Package simulator is a Modbus TCP device that needs no hardware: for tests, and to try a pipeline.
package simulator

import (
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	driver "github.com/simonvetter/modbus"
)

// Device is a device with four tables of values that are 0 at first. It answers every unit. It is safe for concurrent use.
type Device struct {
	mu       sync.Mutex
	holding  map[uint16]uint16
	input    map[uint16]uint16
	coils    map[uint16]bool
	inputs   map[uint16]bool
	faults   map[uint16]error
	requests int
	before   func()
	server   *driver.ModbusServer
	address  string
	anyPort  bool // until it was on
}

// New returns a device at an address, host:port. Port 0 is one that is free now.
func New(address string) (*Device, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := &Device{
		holding: map[uint16]uint16{}, input: map[uint16]uint16{}, coils: map[uint16]bool{}, inputs: map[uint16]bool{},
		faults: map[uint16]error{}, address: address, anyPort: port == "0",
	}
	if d.anyPort {
		d.address, err = free(host)
	}
	return d, err
}

// free returns an address of a host at which nobody listens now: the server does not tell which port it was given.
func free(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Address is where the device is, host:port.
func (d *Device) Address() string { return d.address }

// Start switches the device on. It listens when Start returns. Where its port was to be any, and was taken meanwhile, it has another now.
func (d *Device) Start() error {
	for attempt := 0; ; attempt++ {
		server, err := driver.NewServer(&driver.ServerConfiguration{URL: "tcp://" + d.address, Logger: log.New(io.Discard, "", 0)}, d)
		if err != nil {
			return err
		}
		if err = server.Start(); err == nil {
			d.server, d.anyPort = server, false
			return nil
		}
		if !d.anyPort || attempt == 9 {
			return fmt.Errorf("start the simulator: %w", err)
		}
		host, _, err := net.SplitHostPort(d.address)
		if err == nil {
			d.address, err = free(host)
		}
		if err != nil {
			return err
		}
	}
}

// Stop switches the device off, and cuts its connections. What it measures stays.
func (d *Device) Stop() error { return d.server.Stop() }

// SetHolding sets holding registers from an address on.
func (d *Device) SetHolding(address uint16, words ...uint16) { d.set(d.holding, address, words) }

// SetInput sets input registers from an address on.
func (d *Device) SetInput(address uint16, words ...uint16) { d.set(d.input, address, words) }

func (d *Device) set(table map[uint16]uint16, address uint16, words []uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, w := range words {
		table[address+uint16(i)] = w
	}
}

// SetCoil sets a coil.
func (d *Device) SetCoil(address uint16, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.coils[address] = on
}

// SetDiscrete sets a discrete input.
func (d *Device) SetDiscrete(address uint16, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inputs[address] = on
}

// Fail makes every request that includes an address, of any table, fail with an error of the driver; nil mends it.
func (d *Device) Fail(address uint16, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.faults, address)
		return
	}
	d.faults[address] = err
}

// Before has a function called before each answer: one that blocks keeps the device from answering.
func (d *Device) Before(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

// Requests returns how many requests came.
func (d *Device) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}
