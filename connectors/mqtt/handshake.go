package mqtt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	packets5 "github.com/eclipse/paho.golang/packets"
	packets3 "github.com/eclipse/paho.mqtt.golang/packets"
)

// greeting is what a client says of itself when it connects.
type greeting struct {
	clientID  string
	clean     bool
	expiry    uint32 // seconds that the broker keeps the session
	keepAlive uint16 // seconds
	window    uint16 // publications that may wait for an acknowledgement of ours
	maxPacket uint32
	user      string
	password  string
	secretly  bool // there is a password
	will      *will
}

// will is what the broker publishes when the connection breaks.
type will struct {
	topic   string
	payload []byte
	qos     byte
	retain  bool
}

// encode returns the CONNECT packet.
func (g greeting) encode(v5 bool) ([]byte, error) {
	var b bytes.Buffer
	if !v5 {
		p := packets3.NewControlPacket(packets3.Connect).(*packets3.ConnectPacket)
		p.ProtocolName, p.ProtocolVersion = "MQTT", 4
		p.ClientIdentifier, p.CleanSession, p.Keepalive = g.clientID, g.clean, g.keepAlive
		p.UsernameFlag, p.Username = g.user != "", g.user
		p.PasswordFlag, p.Password = g.secretly, []byte(g.password)
		if g.will != nil {
			p.WillFlag, p.WillTopic, p.WillMessage, p.WillQos, p.WillRetain = true, g.will.topic, g.will.payload, g.will.qos, g.will.retain
		}
		err := p.Write(&b)
		return b.Bytes(), err
	}
	p := &packets5.Connect{
		ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: g.clientID, CleanStart: g.clean, KeepAlive: g.keepAlive,
		UsernameFlag: g.user != "", Username: g.user, PasswordFlag: g.secretly, Password: []byte(g.password),
		Properties: &packets5.Properties{ReceiveMaximum: &g.window, MaximumPacketSize: &g.maxPacket, SessionExpiryInterval: &g.expiry},
	}
	if g.will != nil {
		p.WillFlag, p.WillTopic, p.WillMessage, p.WillQOS, p.WillRetain = true, g.will.topic, g.will.payload, g.will.qos, g.will.retain
		p.WillProperties = &packets5.Properties{}
	}
	_, err := p.WriteTo(&b)
	return b.Bytes(), err
}

// welcome is what a broker answers.
type welcome struct {
	reason    byte   // of MQTT 5, or the return code before
	says      string // in its own words
	present   bool   // it has the session
	keepAlive time.Duration
	window    int // publications of ours that may wait for its acknowledgement
	maxPacket int // the largest packet that it takes
	maxQoS    byte
	retains   bool // it keeps retained messages
	shares    bool // it has shared subscriptions
	patterns  bool // and wildcards
}

// parseConnack reads the answer to a greeting.
func parseConnack(p packet, v5 bool, g greeting) (welcome, error) {
	w := welcome{keepAlive: time.Duration(g.keepAlive) * time.Second, window: math.MaxUint16, maxPacket: maxRemaining, maxQoS: 2, retains: true, shares: true, patterns: true}
	if p.kind != typeConnack {
		return w, errUnexpected(p.kind)
	}
	if !v5 || len(p.body) == 2 { // a broker that does not know MQTT 5 answers in its own way
		var c packets3.ConnackPacket
		if err := c.Unpack(bytes.NewReader(p.body)); err != nil {
			return w, fmt.Errorf("%w: %w", errMalformed, err)
		}
		w.present, w.reason = c.SessionPresent, c.ReturnCode
		return w, nil
	}
	c := packets5.Connack{Properties: &packets5.Properties{RetainAvailable: nil}}
	if err := c.Unpack(bytes.NewBuffer(p.body)); err != nil {
		return w, fmt.Errorf("%w: %w", errMalformed, err)
	}
	w.present, w.reason, w.says = c.SessionPresent, c.ReasonCode, c.Properties.ReasonString
	if k := c.Properties.ServerKeepAlive; k != nil {
		w.keepAlive = time.Duration(*k) * time.Second
	}
	if n := c.Properties.ReceiveMaximum; n != nil && *n > 0 {
		w.window = int(*n)
	}
	if n := c.Properties.MaximumPacketSize; n != nil && *n > 0 {
		w.maxPacket = int(min(*n, maxRemaining))
	}
	if q := c.Properties.MaximumQOS; q != nil {
		w.maxQoS = *q
	}
	w.retains, w.shares, w.patterns = has(c.Properties.RetainAvailable), has(c.Properties.SharedSubAvailable), has(c.Properties.WildcardSubAvailable)
	return w, nil
}

// has reports what a property says that is only sent where something is not there.
func has(b *byte) bool { return b == nil || *b != 0 }

// request asks for the publications of a filter.
type request struct {
	id     uint16
	filter string
	qos    byte
	retain byte // of the constants below; before MQTT 5, retained messages always come
}

const (
	retainedIfNew = packets5.RetainSendOnSubscribeIfNew
	retainedNone  = packets5.RetainDoNotSend
)

// encode returns the SUBSCRIBE packet.
func (r request) encode(v5 bool) ([]byte, error) {
	var b bytes.Buffer
	if !v5 {
		p := packets3.NewControlPacket(packets3.Subscribe).(*packets3.SubscribePacket)
		p.MessageID, p.Topics, p.Qoss = r.id, []string{r.filter}, []byte{r.qos}
		err := p.Write(&b)
		return b.Bytes(), err
	}
	p := &packets5.Subscribe{
		PacketID: r.id, Properties: &packets5.Properties{},
		Subscriptions: []packets5.SubOptions{{Topic: r.filter, QoS: r.qos, RetainHandling: r.retain}},
	}
	_, err := p.WriteTo(&b)
	return b.Bytes(), err
}

// parseSuback reads the answer to a request: the QoS that is granted, or a reason from 0x80.
func parseSuback(p packet, v5 bool) (granted byte, says string, err error) {
	if !v5 {
		if len(p.body) != 3 {
			return 0, "", errMalformed
		}
		return p.body[2], "", nil
	}
	s := packets5.Suback{Properties: &packets5.Properties{}}
	if err := s.Unpack(bytes.NewBuffer(p.body)); err != nil {
		return 0, "", fmt.Errorf("%w: %w", errMalformed, err)
	}
	if len(s.Reasons) != 1 {
		return 0, "", errMalformed
	}
	return s.Reasons[0], s.Properties.ReasonString, nil
}

// farewell returns the DISCONNECT packet of an orderly end. Where the session is not
// wanted any more, the broker is told.
func farewell(v5, forget bool) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if v5 {
		p := &packets5.Disconnect{Properties: &packets5.Properties{}}
		if forget {
			p.Properties.SessionExpiryInterval = new(uint32)
		}
		_, err = p.WriteTo(&b)
	} else {
		err = packets3.NewControlPacket(packets3.Disconnect).Write(&b)
	}
	return b.Bytes(), err
}

// parseDisconnect reads why a broker ends the connection.
func parseDisconnect(p packet) (reason byte, says string, err error) {
	if len(p.body) == 0 {
		return 0, "", nil
	}
	d := packets5.Disconnect{Properties: &packets5.Properties{}}
	if err := d.Unpack(bytes.NewBuffer(p.body)); err != nil && !errors.Is(err, io.EOF) {
		return 0, "", fmt.Errorf("%w: %w", errMalformed, err)
	}
	return d.ReasonCode, d.Properties.ReasonString, nil
}
