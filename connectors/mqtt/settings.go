package mqtt

import (
	"math"
	"strings"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// settings are what a connector's block says about a broker elsewhere.
type settings struct {
	endpoint  endpoint
	v5        bool
	clientID  string // what the names of clients begin with
	named     bool   // the block says so
	user      string
	password  plugins.Secret
	secretly  bool // there is a password
	keepAlive time.Duration
	clean     bool
	expiry    time.Duration
	qos       byte
	retain    bool
	share     string
	window    int
	maxPacket int
	will      *will
	config    plugins.Config
	failFast  bool
	timeout   time.Duration
	backoff   connectors.Backoff
}

// settingsOf reads a block that was checked.
func settingsOf(c plugins.Config) (*settings, error) {
	s := &settings{
		v5: c.String("protocol_version") != version3, clientID: c.String("client_id"), named: c.Has("client_id"),
		user: c.String("username"), password: c.Secret("password"), secretly: c.Has("password"),
		keepAlive: c.Duration("keep_alive"), clean: c.Bool("clean_start"), expiry: c.Duration("session_expiry"),
		qos: byte(c.Int("qos")), retain: c.Bool("retain"), share: c.String("share_name"),
		window: int(c.Int("receive_maximum")), maxPacket: int(c.Int("max_packet_size")),
		config: c, failFast: c.String("startup") == "fail", timeout: c.Duration("connect_timeout"), backoff: connectors.BackoffOf(c),
	}
	if s.clientID == "" {
		s.clientID = "onstream"
	}
	var err error
	if s.endpoint, err = parseEndpoint(c.String("url")); err != nil {
		return nil, err
	}
	if s.will, err = willOf(c); err != nil {
		return nil, err
	}
	return s, nil
}

const (
	version5 = "5"
	version3 = "3.1.1"
)

func (s *settings) version() string {
	if s.v5 {
		return version5
	}
	return version3
}

// place names the broker in messages.
func (s *settings) place() string { return "the broker at " + s.endpoint.String() }

// lasting reports whether the broker keeps a session of readers while they are away.
func (s *settings) lasting() bool { return !s.clean && (!s.v5 || s.expiry > 0) }

// seconds is how long a session is kept, as MQTT says it.
func seconds(d time.Duration) uint32 {
	return uint32(min(int64((d+time.Second-1)/time.Second), math.MaxUint32))
}

func willOf(c plugins.Config) (*will, error) {
	if len(c.Blocks("will")) == 0 {
		return nil, nil
	}
	b := c.Block("will")
	topic, err := connectors.ParseTopic(b.String("topic"))
	if err != nil {
		return nil, plugins.ConfigErrorf("will.topic", "%v", err)
	}
	name, err := nameOf(topic)
	if err != nil {
		return nil, plugins.ConfigErrorf("will.topic", "%v", err)
	}
	if len(b.String("payload")) > maxText {
		return nil, plugins.ConfigErrorf("will.payload", "it has 65,535 bytes at most")
	}
	return &will{name, []byte(b.String("payload")), byte(b.Int("qos")), b.Bool("retain")}, nil
}

// check finds what the schema of a block cannot say.
func check(c plugins.Config) error {
	if len(c.Blocks("embedded")) > 0 {
		return checkEmbedded(c)
	}
	if !c.Has("url") {
		return plugins.ConfigErrorf("", "say where the broker is, url = \"mqtt://broker:1883\", or add a block embedded { } for one of onstream's own")
	}
	s, err := settingsOf(c)
	if err != nil {
		return err
	}
	switch {
	case len(c.Blocks("tls")) > 0 && !s.endpoint.secure():
		return plugins.ConfigErrorf("tls", "the connection is not encrypted: write url = \"%ss://%s\", or leave the block out", s.endpoint.scheme, s.endpoint.host)
	case s.secretly && s.user == "" && !s.v5:
		return plugins.ConfigErrorf("password", "before MQTT 5, a password needs a username")
	case strings.ContainsAny(s.share, "/+#"):
		return plugins.ConfigErrorf("share_name", "%q cannot be the name of a share: leave out /, + and #", s.share)
	case s.share != "" && !s.named:
		return plugins.ConfigErrorf("share_name", "each process that takes part needs a client_id of its own: set it, for instance from the name of the machine")
	case len(s.clientID) > maxText/2 || !isText([]byte(s.clientID)):
		return plugins.ConfigErrorf("client_id", "it is a text of some letters and digits")
	}
	return connectors.CheckTLS(c)
}

// reads says what a source can promise.
func reads(stage plugins.Config) (plugins.Capabilities, error) {
	topic, err := connectors.ParseTopic(stage.String("topic"))
	if err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	if _, err := filterOf(topic); err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	_, c := stage.Connector()
	embedded := len(c.Blocks("embedded")) > 0
	switch start := connectors.Start(stage.String("start")); {
	case start == connectors.StartTimestamp:
		return plugins.Capabilities{}, plugins.ConfigErrorf("start", "MQTT keeps no records of the past: write \"earliest\" (with what is retained) or \"latest\"")
	case start == connectors.StartCommitted && embedded:
		return plugins.Capabilities{}, plugins.ConfigErrorf("start", "the embedded broker keeps nothing for groups: write \"earliest\" or \"latest\"")
	case start == connectors.StartCommitted && (c.Bool("clean_start") || c.String("protocol_version") != version3 && c.Duration("session_expiry") == 0):
		return plugins.Capabilities{}, plugins.ConfigErrorf("start", "the connector keeps no session at which to go on: leave out clean_start, set session_expiry, or write \"earliest\" or \"latest\"")
	}
	if embedded {
		return plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: "a device that publishes with QoS 0, or does not send again what was not acknowledged, loses it when the pipeline is full or stops" + anybody(c)}, nil
	}
	can := plugins.Capabilities{Redelivers: true, Ordered: c.String("share_name") == ""}
	switch {
	case c.Int("qos") == 0:
		can.Redelivers = false
		can.Weakens = "with qos = 0, what is under way when the connection breaks is lost, and so is what comes while there is none"
	case c.Bool("clean_start"):
		can.Weakens = "with clean_start, what comes while there is no connection is lost, and so is what was not acknowledged when it broke"
	case c.String("protocol_version") != version3 && c.Duration("session_expiry") == 0:
		can.Weakens = "with session_expiry = \"0s\", what comes while there is no connection is lost, and so is what was not acknowledged when it broke"
	}
	return can, nil
}

// writes says what a sink can promise.
func writes(stage plugins.Config) (plugins.Capabilities, error) {
	if name, same := plugins.ConstantOf(stage.Expr("topic")); same {
		topic, err := connectors.ParseTopic(name.Text)
		if err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
		if _, err := nameOf(topic); err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	_, c := stage.Connector()
	can := plugins.Capabilities{Ordered: true}
	switch {
	case len(c.Blocks("embedded")) > 0:
		can.Weakens = "what waits in the embedded broker for devices that are away is lost when the process ends, and what would wait beyond max_queued_messages, max_session_bytes or max_queued_bytes is dropped" + anybody(c)
	case c.Int("qos") == 0:
		can.Weakens = "with qos = 0, nobody confirms a record: what is under way when the connection breaks is lost"
	case c.String("protocol_version") == version3:
		can.Weakens = "before MQTT 5, a broker does not tell which records it refuses: those are lost"
	}
	return can, nil
}
