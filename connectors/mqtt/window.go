package mqtt

import (
	"encoding/binary"
	"net"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// window is the connection of a device that says how many messages it takes before it has
// acknowledged some (Receive Maximum). What is above that is held back. The driver would do
// so, too, but forgets such a message when it is sent, and all of them go out at once when
// the device comes back to its session. Here the driver keeps each until it is acknowledged,
// and only its bytes do not go out.
type window struct {
	net.Conn
	most int

	mu    sync.Mutex
	room  int               // how many more messages may go out
	order []uint16          // ids of those that are held back
	held  map[uint16]*aside // the same, and those that are let through
}

// aside is a message that is held back.
type aside struct {
	dup bool
	let bool // its turn has come: there is room taken for it
}

// limit holds back what a device does not take at once.
func limit(cl *mochi.Client) {
	p := &cl.Properties.Props
	if n := int(p.ReceiveMaximum); n > 0 {
		cl.Net.Conn = &window{Conn: cl.Net.Conn, most: n, room: n, held: map[uint16]*aside{}}
	}
	p.ReceiveMaximum = 0
	cl.State.Inflight.ResetSendQuota(0) // which the driver takes for no bound
	// The driver keeps messages with the alias instead of the topic, also for the next
	// connection, which does not know it.
	p.TopicAliasMaximum = 0
}

// Write implements [net.Conn] for whole packets, as the driver writes them.
func (w *window) Write(p []byte) (int, error) {
	out := w.pass(p)
	if len(out) > 0 {
		if _, err := w.Conn.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// pass returns the packets that may go out.
func (w *window) pass(p []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []byte // of p, once something is held back
	all := true
	for rest := p; len(rest) > 0; {
		n, id := outgoing(rest)
		one := rest[:n]
		rest = rest[n:]
		switch goes := id == 0 || w.goes(id, one[0]&8 != 0); {
		case !goes && all:
			all = false
			some = append(some, p[:len(p)-len(rest)-n]...)
		case goes && !all:
			some = append(some, one...)
		}
	}
	if all {
		return p
	}
	return some
}

// goes reports whether a message may go out, and notes it where it may not; w.mu is held.
func (w *window) goes(id uint16, dup bool) bool {
	x := w.held[id]
	switch {
	case x != nil && x.let:
		delete(w.held, id)
		return true
	case x != nil:
		return false // the id is used again, for this message: it goes when the turn of the id has come
	case w.room > 0 && len(w.order) == 0:
		w.room--
		return true
	}
	w.held[id] = &aside{dup: dup}
	w.order = append(w.order, id)
	return false
}

// next returns a message that is to go out now.
func (w *window) next() (id uint16, dup, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.room == 0 || len(w.order) == 0 {
		return 0, false, false
	}
	id, w.order = w.order[0], w.order[1:]
	x := w.held[id]
	x.let = true
	w.room--
	return id, x.dup, true
}

// free makes room for a message: one was acknowledged.
func (w *window) free() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.room = min(w.room+1, w.most)
}

// miss notes that a message that was to go out does not: it is not kept any more.
func (w *window) miss(id uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held[id] != nil {
		delete(w.held, id)
		w.room++
	}
}

// OnPacketProcessed implements [mochi.Hook]: an acknowledgement makes room for what was held
// back.
func (h *hook) OnPacketProcessed(cl *mochi.Client, pk packets.Packet, _ error) {
	if pk.FixedHeader.Type == packets.Pubrec {
		cl.State.Inflight.IncreaseReceiveQuota() // the driver takes it for a message of the device's
	}
	w, ok := cl.Net.Conn.(*window)
	if !ok || pk.PacketID == 0 {
		return
	}
	switch pk.FixedHeader.Type {
	case packets.Puback, packets.Pubcomp:
	case packets.Pubrec:
		if pk.ReasonCode < packets.ErrUnspecifiedError.Code {
			return
		}
	default:
		return
	}
	w.free()
	for {
		id, dup, ok := w.next()
		if !ok {
			return
		}
		m, kept := cl.State.Inflight.Get(id)
		if kept = kept && m.FixedHeader.Type == packets.Publish; kept {
			m.FixedHeader.Dup = dup
			kept = cl.WritePacket(m) == nil
		}
		if !kept {
			w.miss(id)
		}
	}
}

// outgoing returns the size of the packet that bytes begin with, and the id of a message with
// QoS 1 or 2, 0 of other packets.
func outgoing(p []byte) (size int, id uint16) {
	remaining, n := uvarint(p[1:])
	size = 1 + n + remaining
	if n == 0 || size > len(p) {
		return len(p), 0 // it is no packet as the driver writes them
	}
	if p[0]>>4 != typePublish || p[0]>>1&3 == 0 {
		return size, 0
	}
	_, rest, ok := cutText(p[1+n : size])
	if !ok || len(rest) < 2 {
		return size, 0
	}
	return size, binary.BigEndian.Uint16(rest)
}
