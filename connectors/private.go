package connectors

import "net"

// Private is a bus that may be inside the process. Commands that look into a bus, or write to it, from a
// process of their own ask a connection for it before they use it: over one that is private they would
// meet an empty bus. A bus that is never inside the process need not have it.
type Private interface {
	// Private returns why no other process gets at the records over an equal connection, and
	// what lets it; nil where others do. It is called once, before anything else of the
	// connection, and does no input or output.
	Private() error
}

// DialAddress returns where others find what listens at an address of ours. HOST and PORT
// stand there for what that leaves open.
func DialAddress(listen string) string {
	host, port, _ := net.SplitHostPort(listen) // who listens there has checked it
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "HOST"
	}
	if port == "0" {
		port = "PORT"
	}
	return net.JoinHostPort(host, port)
}
