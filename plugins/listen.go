package plugins

import (
	"net"
	"strconv"
)

// CheckListen returns a [ConfigError] where the value of the attribute at path
// is not an address with a port to listen at, such as the example.
func CheckListen(path, value, example string) error {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return ConfigErrorf(path, "%q is no address with a port: write it like %q", value, example)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return ConfigErrorf(path, "%q is no port: it is a number up to 65535", port)
	}
	return nil
}
