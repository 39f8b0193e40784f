package nats_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"regexp"
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
)

// posing stands before a server, and tells another version than it has.
func posing(t testing.TB, addr, version string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // nobody listens any more
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go pose(from, addr, version)
		}
	}()
	return "nats://" + l.Addr().String()
}

var saidVersion = regexp.MustCompile(`"version":"[^"]*"`)

func pose(from net.Conn, addr, version string) {
	defer from.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		defer to.Close()
		_, _ = io.Copy(to, from) // it ends with either connection
	}()
	says := bufio.NewReader(to)
	for {
		line, err := says.ReadBytes('\n') // the server tells its version more than once
		if bytes.HasPrefix(line, []byte("INFO ")) {
			line = saidVersion.ReplaceAll(line, []byte(`"version":"`+version+`"`))
		}
		if _, failed := from.Write(line); err != nil || failed != nil {
			return
		}
	}
}

// A server that has no partitions is found out before a stream is made that cannot have them.
func TestServerTooOldForPartitions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for version, old := range map[string]bool{"2.9.25": true, "2.10.0-beta.1": false, "2.12.0": false, "3.0.0": false} {
		b := serve(t, nil)
		url := posing(t, b.addr(), version)
		divided := r.connect(t, r.config(map[string]any{"servers": []string{url}, "partitions": int64(4)}))
		if !old {
			if err := bustest.Put(t, divided, "a.b", "x"); err != nil {
				t.Errorf("NATS %s: %v", version, err)
			}
			continue
		}
		bustest.Permanent(t, bustest.Open(t, divided, "a.b"), "is to have 4 partitions", "is NATS "+version+", which has none before 2.10: nothing was made; write partitions = 1, or run a newer server")
		bustest.Refused(t, divided, bustest.Subscribe("a.b"), "is to have 4 partitions")
		if err := bustest.Put(t, r.connect(t, r.config(map[string]any{"servers": []string{url}})), "a.b", "x"); err != nil {
			t.Errorf("NATS %s without partitions: %v", version, err)
		}
	}
}
