package mqtt

import (
	"bytes"
	"net"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sent is a connection that keeps what is written.
type sent struct {
	net.Conn
	out bytes.Buffer
}

func (s *sent) Write(p []byte) (int, error) { return s.out.Write(p) }

// TestWindowLetsPacketsThroughWhole writes packets, several at once, to a device that acknowledges
// now and then: all of them go out once, and not too many at a time.
func TestWindowLetsPacketsThroughWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		to := &sent{}
		most := rapid.IntRange(1, 4).Draw(t, "most")
		w := &window{Conn: to, most: most, room: most, held: map[uint16]*aside{}}
		encode := func(id uint16) []byte {
			return appendPublish(nil, true, publication{qos: 1, id: id, topic: []byte("a/b"), payload: bytes.Repeat([]byte("x"), int(id)%200)})
		}
		var open, got []uint16
		write := func(p []byte) {
			if n, err := w.Write(p); n != len(p) || err != nil {
				t.Fatalf("%d of %d bytes are written, %v", n, len(p), err)
			}
			for b := to.out.Next(to.out.Len()); len(b) > 0; {
				n, id := outgoing(b)
				if id != 0 {
					if !bytes.Equal(b[:n], encode(id)) {
						t.Fatalf("message %d is written as %x", id, b[:n])
					}
					open, got = append(open, id), append(got, id)
				} else if !bytes.Equal(b[:n], appendPing(nil)) && !bytes.Equal(b[:n], appendAck(nil, typePuback, 9)) {
					t.Fatalf("there is a packet %x", b[:n])
				}
				b = b[n:]
			}
			if len(open) > most {
				t.Fatalf("%d messages are not acknowledged, of %d", len(open), most)
			}
		}
		acknowledge := func() {
			open = open[1:]
			w.free()
			for id, _, ok := w.next(); ok; id, _, ok = w.next() {
				write(encode(id))
			}
		}
		var want []uint16
		for range rapid.IntRange(1, 40).Draw(t, "writes") {
			var p []byte
			for range rapid.IntRange(1, 4).Draw(t, "packets") {
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 0:
					p = appendPing(p)
				case 1:
					p = appendAck(p, typePuback, 9)
				default:
					id := uint16(len(want) + 1)
					want = append(want, id)
					p = append(p, encode(id)...)
				}
			}
			write(p)
			if len(open) > 0 && rapid.Bool().Draw(t, "acknowledges") {
				acknowledge()
			}
		}
		for len(open) > 0 {
			acknowledge()
		}
		if !slices.Equal(got, want) {
			t.Fatalf("there came %v of %v", got, want)
		}
	})
}
