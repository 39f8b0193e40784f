package mqtt_test

import (
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"
)

// route gives a publication to those who have subscribed; of a shared subscription, to one.
func (s *server) route(pk packets.Packet) {
	m := of(packets.Publish)
	m.TopicName, m.Payload, m.Properties, m.FixedHeader.Qos = pk.TopicName, pk.Payload, pk.Properties, pk.FixedHeader.Qos
	if pk.FixedHeader.Retain {
		s.retained[pk.TopicName] = m
	}
	shared := map[string]*session{}
	for _, x := range s.sessions {
		for filter, sub := range x.subs {
			if rest, ok := strings.CutPrefix(filter, "$share/"); ok {
				if _, f, _ := strings.Cut(rest, "/"); fits(f, pk.TopicName) && (shared[filter] == nil || len(x.queue)+len(x.inflight) < len(shared[filter].queue)+len(shared[filter].inflight)) {
					shared[filter] = x
				}
				continue
			}
			if fits(filter, pk.TopicName) {
				s.add(x, m, sub.Qos)
			}
		}
	}
	for filter, x := range shared {
		s.add(x, m, x.subs[filter].Qos)
	}
}

func (s *server) add(x *session, m packets.Packet, most byte) {
	m.FixedHeader.Qos = min(m.FixedHeader.Qos, most)
	if x.peer == nil && m.FixedHeader.Qos == 0 {
		return
	}
	x.queue = append(x.queue, m)
	s.pump(x)
}

// pump sends what the session's window has room for.
func (s *server) pump(x *session) {
	for x.peer != nil && len(x.queue) > 0 && (len(x.inflight) < x.window || x.queue[0].FixedHeader.Qos == 0) {
		m := x.queue[0]
		x.queue = x.queue[1:]
		if m.FixedHeader.Qos > 0 {
			x.lastID++
			if x.lastID == 0 {
				x.lastID = 1
			}
			m.PacketID = x.lastID
			x.inflight = append(x.inflight, &m)
		}
		x.peer.send(s.t, m)
	}
}

// fits is written with other means than the connector's own.
func fits(filter, topic string) bool {
	f, n := strings.Split(filter, "/"), strings.Split(topic, "/")
	for i, level := range f {
		if level == "#" {
			return true
		}
		if i >= len(n) || level != "+" && level != n[i] {
			return false
		}
	}
	return len(f) == len(n)
}
