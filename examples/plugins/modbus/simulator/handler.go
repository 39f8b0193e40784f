package simulator

import driver "github.com/simonvetter/modbus"

var _ driver.RequestHandler = (*Device)(nil)

// HandleCoils implements [driver.RequestHandler].
func (d *Device) HandleCoils(req *driver.CoilsRequest) ([]bool, error) {
	return answer(d, d.coils, req.Addr, req.Quantity, req.Args)
}

// HandleDiscreteInputs implements [driver.RequestHandler].
func (d *Device) HandleDiscreteInputs(req *driver.DiscreteInputsRequest) ([]bool, error) {
	return answer(d, d.inputs, req.Addr, req.Quantity, nil)
}

// HandleHoldingRegisters implements [driver.RequestHandler].
func (d *Device) HandleHoldingRegisters(req *driver.HoldingRegistersRequest) ([]uint16, error) {
	return answer(d, d.holding, req.Addr, req.Quantity, req.Args)
}

// HandleInputRegisters implements [driver.RequestHandler].
func (d *Device) HandleInputRegisters(req *driver.InputRegistersRequest) ([]uint16, error) {
	return answer(d, d.input, req.Addr, req.Quantity, nil)
}

// answer writes values where there are any, and returns what is in the table.
func answer[T any](d *Device, table map[uint16]T, address, count uint16, write []T) ([]T, error) {
	d.mu.Lock()
	before := d.before
	d.requests++
	d.mu.Unlock()
	if before != nil {
		before()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range count {
		if err := d.faults[address+i]; err != nil {
			return nil, err
		}
	}
	values := make([]T, count)
	for i := range count {
		if int(i) < len(write) {
			table[address+i] = write[i]
		}
		values[i] = table[address+i]
	}
	return values, nil
}
