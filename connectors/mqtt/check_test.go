package mqtt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

type attrs = map[string]any

func TestCheck(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	nested := func(name string, values attrs) plugins.ConfigBlock {
		return bustest.Nested(kind.Schema, name, values)
	}
	user := func(name, password string) plugins.ConfigBlock {
		return plugins.ConfigBlock{Name: "user", Label: name, Config: plugins.NewConfig(attrs{"password": plugins.NewSecret(password)})}
	}
	for name, c := range map[string]struct {
		values attrs
		blocks []plugins.ConfigBlock
		says   string
	}{
		"nothing":             {attrs{}, nil, `say where the broker is, url = "mqtt://broker:1883", or add a block embedded`},
		"no URL":              {attrs{"url": "broker:1883"}, nil, "url: it is no URL of a broker: write it like"},
		"another scheme":      {attrs{"url": "http://broker"}, nil, `url: "http" is no way to reach a broker`},
		"scheme of others":    {attrs{"url": "ssl://broker"}, nil, `url: "ssl" is written "mqtts" here`},
		"credentials":         {attrs{"url": "mqtt://u:s3cret@broker"}, nil, "url: a URL is shown in messages: write the user name and the password as username and password"},
		"no host":             {attrs{"url": "mqtt://:1883"}, nil, "url: the name of the broker is missing"},
		"path":                {attrs{"url": "mqtt://broker/plant"}, nil, `url: only ws:// and wss:// have a path: leave out "/plant"`},
		"query":               {attrs{"url": "ws://broker/mqtt?x=1"}, nil, "url: leave out what begins with ? or #"},
		"TLS without TLS":     {attrs{"url": "mqtt://broker"}, []plugins.ConfigBlock{nested("tls", attrs{})}, `tls: the connection is not encrypted: write url = "mqtts://broker:1883"`},
		"half a certificate":  {attrs{"url": "mqtts://broker"}, []plugins.ConfigBlock{nested("tls", attrs{"cert_file": "x"})}, "tls: cert_file and key_file belong together"},
		"password alone":      {attrs{"url": "mqtt://broker", "protocol_version": "3.1.1", "password": plugins.NewSecret("x")}, nil, "password: before MQTT 5, a password needs a username"},
		"share":               {attrs{"url": "mqtt://broker", "share_name": "a/b", "client_id": "x"}, nil, `share_name: "a/b" cannot be the name of a share`},
		"share without names": {attrs{"url": "mqtt://broker", "share_name": "a"}, nil, "share_name: each process that takes part needs a client_id of its own"},
		"will":                {attrs{"url": "mqtt://broker"}, []plugins.ConfigBlock{nested("will", attrs{"topic": "a.*"})}, `will.topic: topic "a.*": it stands for several topics`},
		"embedded, and URL":   {attrs{"url": "mqtt://broker"}, []plugins.ConfigBlock{own(t, attrs{"anonymous": true})}, "url: it is about a broker elsewhere, and this one is embedded"},
		"embedded, and TLS":   {attrs{}, []plugins.ConfigBlock{own(t, attrs{"anonymous": true}), nested("tls", attrs{})}, "tls of the broker goes inside the block embedded"},
		"nobody":              {attrs{}, []plugins.ConfigBlock{own(t, nil)}, `embedded: nobody may connect: add a block user "NAME" { password = ... }, or anonymous = true`},
		"listen":              {attrs{}, []plugins.ConfigBlock{own(t, attrs{"anonymous": true, "listen": "1883"})}, `embedded.listen: "1883" is no address with a port`},
		"port too large":      {attrs{}, []plugins.ConfigBlock{own(t, attrs{"anonymous": true, "listen": ":70000"})}, "embedded.listen: \"70000\" is no port: it is a number up to 65535"},
		"any port":            {attrs{}, []plugins.ConfigBlock{own(t, attrs{"anonymous": true, "websocket": ":0"})}, "embedded.websocket: name the port"},
		"empty password":      {attrs{}, []plugins.ConfigBlock{own(t, nil, user("a", ""))}, "embedded.user[a].password: the password is empty, so everybody has it: set one"},
		"two of a name":       {attrs{}, []plugins.ConfigBlock{own(t, nil, user("a", "x"), user("a", "y"))}, "embedded.user[a]: there is a user of that name already"},
		"everything":          {attrs{"url": "wss://broker/x", "username": "u", "password": plugins.NewSecret("p"), "share_name": "s", "client_id": "c", "session_expiry": time.Hour}, []plugins.ConfigBlock{nested("tls", attrs{}), nested("will", attrs{"topic": "a.b"})}, ""},
	} {
		err := kind.Check(bustest.Block(kind.Schema, c.values, c.blocks...))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the message holds the password: %v", name, err)
		}
	}
}

// stage is the configuration of a source or a sink of a topic.
func stage(t *testing.T, source bool, values attrs, connector plugins.Config) plugins.Config {
	t.Helper()
	var r plugins.Registry
	if err := connectors.Register(&r); err != nil {
		t.Fatal(err)
	}
	var schema plugins.Schema
	if source {
		k, _ := r.Source("topic")
		schema = k.Schema
	} else {
		k, _ := r.Sink("topic")
		schema = k.Schema
	}
	return bustest.Block(schema, values).WithConnector(kindOf(t), connector)
}

func TestReads(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	embedded := block(t, nil, own(t, attrs{"anonymous": true}))
	elsewhere := func(more attrs) plugins.Config {
		more["url"] = "mqtt://broker"
		return block(t, more)
	}
	for name, c := range map[string]struct {
		stage     attrs
		connector plugins.Config
		says      string // of the error
		can       plugins.Capabilities
	}{
		"as it comes":        {attrs{"topic": "a.>"}, elsewhere(attrs{}), "", plugins.Capabilities{Redelivers: true, Ordered: true}},
		"3.1.1":              {attrs{"topic": "a"}, elsewhere(attrs{"protocol_version": "3.1.1", "session_expiry": time.Duration(0)}), "", plugins.Capabilities{Redelivers: true, Ordered: true}},
		"QoS 0":              {attrs{"topic": "a"}, elsewhere(attrs{"qos": int64(0)}), "", plugins.Capabilities{Ordered: true, Weakens: "with qos = 0"}},
		"clean":              {attrs{"topic": "a"}, elsewhere(attrs{"clean_start": true}), "", plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: "with clean_start"}},
		"no session":         {attrs{"topic": "a"}, elsewhere(attrs{"session_expiry": time.Duration(0)}), "", plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: `with session_expiry = "0s"`}},
		"shared":             {attrs{"topic": "a"}, elsewhere(attrs{"share_name": "x", "client_id": "y"}), "", plugins.Capabilities{Redelivers: true}},
		"embedded":           {attrs{"topic": "a"}, embedded, "", plugins.Capabilities{Redelivers: true, Ordered: true, Weakens: "a device that publishes with QoS 0"}},
		"time":               {attrs{"topic": "a", "start": "timestamp", "start_at": "2026-01-31T08:00:00Z"}, elsewhere(attrs{}), `start: MQTT keeps no records of the past: write "earliest" (with what is retained) or "latest"`, plugins.Capabilities{}},
		"committed, clean":   {attrs{"topic": "a", "start": "committed"}, elsewhere(attrs{"clean_start": true}), "start: the connector keeps no session at which to go on", plugins.Capabilities{}},
		"committed, own":     {attrs{"topic": "a", "start": "committed"}, embedded, "start: the embedded broker keeps nothing for groups", plugins.Capabilities{}},
		"wildcards of MQTT":  {attrs{"topic": "a.+.b"}, elsewhere(attrs{}), `topic: "a.+.b" cannot be the name of a topic: + and # are wildcards of MQTT; write * for one level and > for all that follow`, plugins.Capabilities{}},
		"rest in the middle": {attrs{"topic": "a/#/b"}, elsewhere(attrs{}), "topic: \"a/#/b\" cannot be the name of a topic: # stands for all that follows", plugins.Capabilities{}},
		"half a level":       {attrs{"topic": "a/b+"}, elsewhere(attrs{}), "+ and # stand for whole levels", plugins.Capabilities{}},
		"share in the topic": {attrs{"topic": "$share/x/a"}, elsewhere(attrs{}), "is a shared subscription: set share_name of the connector", plugins.Capabilities{}},
	} {
		can, err := kind.Reads(stage(t, true, c.stage, c.connector))
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: got %v, want %q", name, err, c.says)
			}
			continue
		}
		if err != nil || !strings.HasPrefix(can.Weakens, c.can.Weakens) || (can.Weakens == "") != (c.can.Weakens == "") {
			t.Errorf("%s: got %+v, %v", name, can, err)
		}
		can.Weakens, c.can.Weakens = "", ""
		if can != c.can {
			t.Errorf("%s: got %+v, want %+v", name, can, c.can)
		}
	}
}

func TestWrites(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	for name, c := range map[string]struct {
		connector attrs
		weakens   string
	}{
		"as it comes": {attrs{}, ""},
		"QoS 0":       {attrs{"qos": int64(0)}, "with qos = 0, nobody confirms a record"},
		"3.1.1":       {attrs{"protocol_version": "3.1.1"}, "before MQTT 5, a broker does not tell which records it refuses"},
	} {
		c.connector["url"] = "mqtt://broker"
		can, err := kind.Writes(stage(t, false, nil, block(t, c.connector)))
		if err != nil || !can.Ordered || !strings.HasPrefix(can.Weakens, c.weakens) || (can.Weakens == "") != (c.weakens == "") {
			t.Errorf("%s: got %+v, %v", name, can, err)
		}
	}
}

// That everybody is let in is said before the pipeline runs.
func TestOpenBrokerWeakensThePromise(t *testing.T) {
	t.Parallel()
	kind := kindOf(t)
	user := plugins.ConfigBlock{Name: "user", Label: "d1", Config: plugins.NewConfig(attrs{"password": plugins.NewSecret("x")})}
	tls := func(values attrs) plugins.ConfigBlock {
		return plugins.ConfigBlock{Name: "tls", Config: plugins.NewConfig(values)}
	}
	for name, c := range map[string]struct {
		at     attrs
		within []plugins.ConfigBlock
		open   string
	}{
		"open":           {attrs{"anonymous": true, "listen": "0.0.0.0:1883"}, nil, "0.0.0.0:1883"},
		"no host":        {attrs{"anonymous": true, "listen": ":1883"}, nil, ":1883"},
		"web":            {attrs{"anonymous": true, "websocket": ":8080"}, nil, ":8080"},
		"beside users":   {attrs{"anonymous": true, "listen": ":1883"}, []plugins.ConfigBlock{user}, ":1883"},
		"users":          {attrs{"listen": ":1883"}, []plugins.ConfigBlock{user}, ""},
		"local":          {attrs{"anonymous": true, "listen": "localhost:1883"}, nil, ""},
		"as it comes":    {attrs{"anonymous": true}, nil, ""},
		"certificates":   {attrs{"anonymous": true, "listen": ":1883"}, []plugins.ConfigBlock{tls(attrs{"cert_file": "c", "key_file": "k", "client_ca_file": "a"})}, ""},
		"encrypted only": {attrs{"anonymous": true, "listen": ":1883"}, []plugins.ConfigBlock{tls(attrs{"cert_file": "c", "key_file": "k"})}, ":1883"},
	} {
		connector := block(t, nil, own(t, c.at, c.within...))
		for way, promise := range map[bool]func(plugins.Config) (plugins.Capabilities, error){true: kind.Reads, false: kind.Writes} {
			values := attrs{"topic": "a"}
			if !way {
				values = nil
			}
			can, err := promise(stage(t, way, values, connector))
			want := "everybody who reaches the embedded broker at " + c.open + " may publish to and read all its topics (add users"
			if said := strings.Contains(can.Weakens, "everybody"); err != nil || said != (c.open != "") || said && !strings.Contains(can.Weakens, want) {
				t.Errorf("%s: %q, %v", name, can.Weakens, err)
			}
		}
	}
}
