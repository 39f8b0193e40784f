package mqtt

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// hook is what the embedded broker asks about devices.
type hook struct {
	mochi.HookBase
	broker    *broker
	server    *mochi.Server
	releasing sync.WaitGroup // goroutines that acknowledge

	mu      sync.Mutex
	devices map[*mochi.Client]*device

	sessions *sessions
	queues   *queues
	retained *retained
	losses   *losses
}

// device is one connection of a device.
type device struct {
	client *mochi.Client
	inside *mochi.Client // as whom its messages go to other devices; nil until there are any
	before *mochi.Client // whose session it has; nil where there was none
	// received are its messages with QoS 2 that it has not released.
	received *received
	asked    uint16 // the id of the subscription that is worked on; of the goroutine that reads

	subscribing atomic.Bool

	// How many messages it had not acknowledged when these last became fewer,
	// and when; under mu of the hook, see room.
	unacked int
	since   time.Time

	mu      sync.Mutex
	changed sync.Cond // of mu
	waiting []*unacknowledged
	busy    bool // a goroutine acknowledges
	gone    bool
}

// unacknowledged is a message with QoS 1 that the device waits for.
type unacknowledged struct {
	id   uint16
	done bool
}

// ID implements [mochi.Hook].
func (h *hook) ID() string { return "onstream" }

// Provides implements [mochi.Hook].
func (h *hook) Provides(b byte) bool {
	switch b {
	case mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished, mochi.OnDisconnect, mochi.OnClientExpired,
		mochi.OnPacketRead, mochi.OnPacketEncode, mochi.OnPacketProcessed, mochi.OnSubscribe, mochi.OnSubscribed, mochi.OnPublish, mochi.OnPublishDropped, mochi.OnQosPublish, mochi.OnQosComplete,
		mochi.OnQosDropped, mochi.OnRetainMessage, mochi.OnRetainedExpired, mochi.OnWill, mochi.OnWillSent, mochi.OnSysInfoTick:
		return true
	}
	return false
}

// OnConnectAuthenticate implements [mochi.Hook].
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	user, log := string(pk.Connect.Username), h.broker.env.Logger
	switch {
	case !h.broker.people.knows(user, pk.Connect.Password):
		log.Warn("a device was not let in: its user name or password is wrong", "client", cl.ID, "user", user, "from", cl.Net.Remote)
		return false
	case pk.Connect.WillFlag && !h.broker.people.may(user, pk.Connect.WillTopic, true): // the broker would not ask
		log.Warn("a device was not let in: it may not publish to the topic of its will", "client", cl.ID, "user", user, "topic", pk.Connect.WillTopic)
		return false
	}
	before, received, ok := h.sessions.enter(cl)
	if !ok {
		h.turnAway(cl)
		return false
	}
	limit(cl)
	d := &device{client: cl, before: before, received: received}
	d.changed.L = &d.mu
	h.mu.Lock()
	defer h.mu.Unlock()
	h.devices[cl] = d
	return true
}

// deviceOf returns who a connection is of; nil when it is over.
func (h *hook) deviceOf(cl *mochi.Client) *device {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.devices[cl]
}

// OnACLCheck implements [mochi.Hook]. The driver asks before each message to a device, too.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	if !h.broker.people.may(string(cl.Properties.Username), topic, write) {
		return false
	}
	return write || h.takes(cl)
}

// OnDisconnect implements [mochi.Hook].
func (h *hook) OnDisconnect(cl *mochi.Client, _ error, expire bool) {
	h.mu.Lock()
	d := h.devices[cl]
	delete(h.devices, cl)
	h.mu.Unlock()
	if d != nil {
		d.leave()
	}
	if expire {
		h.sessions.end(cl)
	}
	if expire || cl.IsTakenOver() {
		h.queues.forget(cl)
	}
}

// OnPublish implements [mochi.Hook]. What devices publish with QoS 1 and 2 does not come here:
// see accept.
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	boxes := h.broker.hub.matching(nil, pk.TopicName)
	if !h.keepable(cl, pk, len(boxes) > 0) {
		pk.FixedHeader.Retain = false
	}
	if len(boxes) == 0 {
		return pk, nil
	}
	m := publicationOf(pk)
	for _, b := range boxes {
		if !b.offer(m) {
			h.losses.add(h.broker.env.Logger, lossPipeline, "topic", b.filter.text)
		}
	}
	return pk, nil
}

// OnWillSent implements [mochi.Hook]: wills do not come by OnPublish.
func (h *hook) OnWillSent(_ *mochi.Client, pk packets.Packet) {
	boxes := h.broker.hub.matching(nil, pk.TopicName)
	if len(boxes) == 0 {
		return
	}
	h.releasing.Go(func() { // it may have to wait for room, which the broker's loop must not
		spread(h.broker.ctx, boxes, publicationOf(pk), func(error) {})
	})
}

// spread gives a message to all that read it. Done is called when all have it safe, or
// one of them cannot.
func spread(ctx context.Context, boxes []*box, m publication, done func(error)) {
	a := &arrival{done: done}
	a.left.Store(int32(len(boxes)))
	for _, b := range boxes {
		b.deliver(ctx, m, a)
	}
}

// answered is told that a message is safe, or cannot be made so.
func (h *hook) answered(d *device, u *unacknowledged, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return
	}
	if err != nil {
		// MQTT has no way to refuse: the device sends again when it connects again.
		d.gone = true
		h.releasing.Go(func() { d.client.Stop(errors.New("a message could not be made safe")) })
		return
	}
	u.done = true
	if !d.busy && len(d.waiting) > 0 && d.waiting[0].done {
		d.busy = true
		h.releasing.Go(d.acknowledge)
	}
}

// admit waits while as many messages wait as may. A device of MQTT 5 never makes it
// wait. It reports false when the device is gone.
func (d *device) admit(ctx context.Context, most int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) >= most {
		defer context.AfterFunc(ctx, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.changed.Broadcast()
		})()
	}
	for len(d.waiting) >= most && !d.gone && ctx.Err() == nil {
		d.changed.Wait()
	}
	return !d.gone && ctx.Err() == nil
}

// expect notes that the device waits for an acknowledgement.
func (d *device) expect(id uint16) *unacknowledged {
	u := &unacknowledged{id: id}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = append(d.waiting, u)
	return u
}

// acknowledge sends the acknowledgements that are due, in the order of the messages and as
// many as there are at once.
func (d *device) acknowledge() {
	var b []byte
	for {
		d.mu.Lock()
		n := 0
		b = b[:0]
		for n < len(d.waiting) && d.waiting[n].done {
			b = appendAck(b, typePuback, d.waiting[n].id)
			n++
		}
		clear(d.waiting[:n])
		d.waiting = d.waiting[n:]
		if n == 0 || d.gone {
			d.busy = false
			d.mu.Unlock()
			return
		}
		d.changed.Broadcast()
		d.mu.Unlock()
		d.client.Lock() // as the driver does to write
		_, err := d.client.Net.Conn.Write(b)
		d.client.Unlock()
		if err != nil {
			d.client.Stop(err)
			d.leave()
		}
	}
}

// leave notes that the connection is over.
func (d *device) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone, d.waiting = true, nil
	d.changed.Broadcast()
}

// publicationOf returns what a source reads of a device's message.
func publicationOf(pk packets.Packet) publication {
	m := publication{topic: []byte(pk.TopicName), payload: pk.Payload}
	p := pk.Properties
	if p.ContentType != "" {
		m.properties = appendText(append(m.properties, propertyContentType), []byte(p.ContentType))
	}
	if p.ResponseTopic != "" {
		m.properties = appendText(append(m.properties, propertyResponse), []byte(p.ResponseTopic))
	}
	if len(p.CorrelationData) > 0 {
		m.properties = appendText(append(m.properties, propertyCorrelation), p.CorrelationData)
	}
	for _, u := range p.User {
		m.properties = appendText(appendText(append(m.properties, propertyUser), []byte(u.Key)), []byte(u.Val))
	}
	return m
}
