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
}

// New returns a device at an address, host:port. Port 0 is one that is free now.
func New(address string) (*Device, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "0" {
		// The server does not tell which port it was given.
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		_, port, err = net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	return &Device{
		holding: map[uint16]uint16{}, input: map[uint16]uint16{}, coils: map[uint16]bool{}, inputs: map[uint16]bool{},
		faults: map[uint16]error{}, address: net.JoinHostPort(host, port),
	}, nil
}

// Address is where the device is, host:port.
func (d *Device) Address() string { return d.address }

// Start switches the device on. It listens when Start returns.
func (d *Device) Start() error {
	server, err := driver.NewServer(&driver.ServerConfiguration{URL: "tcp://" + d.address, Logger: log.New(io.Discard, "", 0)}, d)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the simulator: %w", err)
	}
	d.server = server
	return nil
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
