package bustest_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
)

// Nobody who asks for any port is given that of a server that is away.
func TestNowhereIsKept(t *testing.T) {
	t.Parallel()
	said, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("this system does not tell the ports that it gives to programs that ask for any")
	}
	var lowest, highest int
	if _, err := fmt.Sscan(string(said), &lowest, &highest); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 100 {
		addr := bustest.Nowhere(t)
		_, text, _ := net.SplitHostPort(addr)
		if port, err := strconv.Atoi(text); err != nil || port >= lowest && port <= highest || seen[addr] {
			t.Fatalf("%s; want a port that is not between %d and %d, and another one each time (%v)", addr, lowest, highest, err)
		}
		seen[addr] = true
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Fatalf("somebody is at %s", addr)
		}
	}
}
