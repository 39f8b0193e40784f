package telemetry

import "fmt"

// firmwares are the versions in the field; their lengths, and the site
// numbers', are part of what makes a line 143 bytes on average.
var firmwares = [...]string{"1.4.2", "1.4.10", "1.5.0", "1.5.12", "1.4.11"}

// sites is how many plants the fleet is spread over.
const sites = 20

// newDevice returns the constant parts of the lines of device i. Multiplying
// by a prime keeps neighbours from sharing both site and firmware.
func newDevice(i int) device {
	site := i * 7919 % sites
	fw := firmwares[i*104729/sites%len(firmwares)]
	return device{
		head: fmt.Sprintf(`{"device_id":"d-%06d","ts":`, i),
		tail: fmt.Sprintf(",\"site\":\"plant-%d\",\"fw\":\"%s\"}\n", site, fw),
	}
}
