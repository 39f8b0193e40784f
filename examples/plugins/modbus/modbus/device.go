package modbus

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	driver "github.com/simonvetter/modbus"
)

// device is an open connection. One goroutine uses it.
type device struct{ client *driver.ModbusClient }

// dial connects. The driver has five seconds for that.
func dial(address string, unit uint8, timeout time.Duration, logger *slog.Logger) (*device, error) {
	client, err := driver.NewClient(&driver.ClientConfiguration{
		URL: "tcp://" + address, Timeout: timeout,
		Logger: slog.NewLogLogger(logger.Handler(), slog.LevelDebug), // it would write to stdout otherwise
	})
	if err != nil {
		return nil, err
	}
	if err := client.Open(); err != nil {
		return nil, err
	}
	if err := client.SetUnitId(unit); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &device{client}, nil
}

// close ends the connection, with which nothing can be done about its error.
func (d *device) close() { _ = d.client.Close() }

// read returns a word for each address; a bit is a word that is 0 or 1.
func (d *device) read(q request) ([]uint16, error) {
	var set []bool
	var err error
	switch q.space {
	case coil:
		set, err = d.client.ReadCoils(uint16(q.address), uint16(q.count))
	case discrete:
		set, err = d.client.ReadDiscreteInputs(uint16(q.address), uint16(q.count))
	case input:
		return d.client.ReadRegisters(uint16(q.address), uint16(q.count), driver.INPUT_REGISTER)
	default:
		return d.client.ReadRegisters(uint16(q.address), uint16(q.count), driver.HOLDING_REGISTER)
	}
	if err != nil {
		return nil, err
	}
	words := make([]uint16, len(set))
	for i, on := range set {
		if on {
			words[i] = 1
		}
	}
	return words, nil
}

// exceptions are what a device answers that is there but does not give the value, with the code of the protocol.
var exceptions = map[driver.Error]int{
	driver.ErrIllegalFunction: 1, driver.ErrIllegalDataAddress: 2, driver.ErrIllegalDataValue: 3, driver.ErrServerDeviceFailure: 4,
	driver.ErrAcknowledge: 5, driver.ErrServerDeviceBusy: 6, driver.ErrMemoryParityError: 8,
	driver.ErrGWPathUnavailable: 10, driver.ErrGWTargetFailedToRespond: 11,
}

// exceptionOf returns what an answer says that is an exception; false where there was no answer, and the connection is of no more use.
func exceptionOf(err error) (string, bool) {
	var known driver.Error
	if errors.As(err, &known) {
		code, is := exceptions[known]
		return fmt.Sprintf("%s (exception %d)", known, code), is
	}
	// The driver makes an error without a type of a code that the standard does not have.
	var code int
	if n, _ := fmt.Sscanf(err.Error(), "unknown exception code (%d)", &code); n == 1 {
		return fmt.Sprintf("an exception that the standard does not have (exception %d)", code), true
	}
	return "", false
}

// dividable reports whether an exception may be about one of the registers that were asked for together.
func dividable(err error) bool {
	return errors.Is(err, driver.ErrIllegalDataAddress) || errors.Is(err, driver.ErrIllegalDataValue) || errors.Is(err, driver.ErrServerDeviceFailure)
}
