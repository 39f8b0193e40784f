package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// greeting looks at the line with which a plugin begins, and returns it for go-plugin. An error says what is wrong with it. A line that does not come
// to its end is as none: then end is true.
func (r *runner) greeting(from *bufio.Reader) (line []byte, end bool, err error) {
	line, err = from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, false, fmt.Errorf("the program is no plugin of onstream: it begins with a line of more than %d bytes, %q", maxLine, r.out.show(r.out.hide.whole(string(line)), 100))
	case err != nil && len(strings.TrimSpace(string(line))) == 0:
		return nil, true, nil
	case err != nil && !errors.Is(err, io.EOF):
		return nil, true, nil
	}
	if err := r.checkGreeting(strings.TrimSpace(string(line))); err != nil {
		return nil, false, err
	}
	return line, false, nil
}

// checkGreeting checks the parts of the line: CORE|VERSION|NETWORK|ADDRESS|grpc|CERTIFICATE.
func (r *runner) checkGreeting(line string) error {
	parts := strings.Split(line, "|")
	core, err := strconv.Atoi(parts[0])
	if err != nil || len(parts) < 5 {
		return fmt.Errorf("the program is no plugin of onstream, or writes to standard output before its handshake: its first line is %q", r.out.show(line, 200))
	}
	if core != 1 {
		return fmt.Errorf("the plugin speaks version %d of go-plugin's handshake, and this onstream version 1: build it anew with a library of onstream's time", core)
	}
	version, err := strconv.Atoi(parts[1])
	if err != nil {
		return fmt.Errorf("the plugin's handshake has no version of the protocol: %q", r.out.show(line, 200))
	}
	if _, ok := r.versions[version]; !ok {
		ours := make([]string, 0, len(r.versions))
		for _, v := range slices.Sorted(maps.Keys(r.versions)) {
			ours = append(ours, strconv.Itoa(v))
		}
		return fmt.Errorf("the plugin speaks version %d of the protocol, and this onstream version %s: build the plugin for this onstream, or use the onstream that it was built for",
			version, strings.Join(ours, ", "))
	}
	if parts[4] != "grpc" {
		return fmt.Errorf("the plugin's handshake wants the protocol %q, and onstream speaks grpc", r.out.show(parts[4], 40))
	}
	if len(parts) < 6 || len(parts[5]) <= 50 {
		return errors.New("the plugin's handshake has no certificate: it has to serve with TLS, and trust only the certificate in PLUGIN_CLIENT_CERT")
	}
	return checkAddress(parts[2], parts[3])
}

// checkAddress refuses what is not on this machine.
func checkAddress(network, address string) error {
	switch network {
	case "unix":
		return nil
	case "tcp":
		if host, _, err := net.SplitHostPort(address); err == nil {
			if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
				return nil
			}
		}
		return fmt.Errorf("the plugin's handshake names the address %q, and a plugin listens at 127.0.0.1", cutText(address, 100))
	}
	return fmt.Errorf("the plugin's handshake names the network %q, and there are tcp and unix", cutText(network, 20))
}
