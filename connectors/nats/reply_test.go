package nats

import (
	"fmt"
	"testing"
)

func TestStamp(t *testing.T) {
	t.Parallel()
	want := stamp{seq: 7, delivery: 3, time: 1700000000000000000, pending: 12}
	for _, c := range []struct{ reply, ack string }{
		{"$JS.ACK.plant.group-1.1.7.3.1700000000000000000.12", "$JS.ACK.plant.new.1.9.9.0.0"},
		{"$JS.ACK.hub.ABC.plant.group-1.1.7.3.1700000000000000000.12.x7", "$JS.ACK.hub.ABC.plant.new.1.9.9.0.0.x7"},
	} {
		got, ok := parseStamp(c.reply)
		if !ok || got != want {
			t.Errorf("parseStamp(%q) = %+v, %v; want %+v", c.reply, got, ok, want)
		}
		if got := ackSubject(c.reply, "new", 9); got != c.ack {
			t.Errorf("ackSubject(%q) = %q, want %q", c.reply, got, c.ack)
		}
	}
	for _, reply := range []string{"", "$JS.ACK.", "_INBOX.x.y", "$JS.ACK.s.c.1.7.3.9", "$JS.ACK.s.c.1.x.3.9.0", "$JS.ACK.s.c.1.0.3.9.0", "$JS.ACK.s.c.1.7.3.9.99999999999999999999"} {
		if got, ok := parseStamp(reply); ok {
			t.Errorf("parseStamp(%q) = %+v, want that it is none", reply, got)
		}
	}
}

func FuzzStamp(f *testing.F) {
	f.Add("$JS.ACK.plant.group-1.1.7.3.1700000000000000000.12")
	f.Add("$JS.ACK.hub.ABC.plant.group-1.1.7.3.1700000000000000000.12.x7")
	f.Fuzz(func(t *testing.T, reply string) {
		s, ok := parseStamp(reply)
		if !ok {
			return
		}
		again, ok := parseStamp(ackSubject(reply, "c", s.seq))
		if !ok || again.seq != s.seq {
			t.Errorf("the subject to acknowledge %q by is %q", reply, ackSubject(reply, "c", s.seq))
		}
		made := fmt.Sprintf("$JS.ACK.s.c.1.%d.%d.%d.%d", s.seq, s.delivery, s.time, s.pending)
		if again, ok := parseStamp(made); !ok || again != s {
			t.Errorf("%q reads as %+v, want %+v", made, again, s)
		}
	})
}
