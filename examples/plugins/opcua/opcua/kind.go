package opcua

import (
	"time"

	"github.com/onstream/onstream/plugins"
)

// Register adds the kind of source to a registry.
func Register(r *plugins.Registry) error { return r.AddSource(Kind()) }

// Kind returns the kind of source.
func Kind() plugins.SourceKind {
	return plugins.SourceKind{
		Name:   "opcua",
		Schema: schema(),
		Output: func(c plugins.Config) (plugins.Shape, error) {
			nodes, err := nodesOf(c)
			if err != nil {
				return plugins.Shape{}, err
			}
			return shape(nodes), nil
		},
		Check: func(c plugins.Config) error {
			_, err := settingsOf(c)
			return err
		},
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Ordered: true, Weakens: "what changes while nobody is subscribed, or faster than queue_size holds, is not known later; gap tells where"}
		},
		New: newSource,
	}
}

func schema() plugins.Schema {
	policies := []string{"None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}
	return plugins.Schema{
		Doc: "Subscribes to nodes of an OPC UA server. Each change is a record: `ts`, `server`, `node` (the label of its block), `value`, `quality` (good, uncertain or bad), `status`, `source_time`, `server_time` and `gap`, which is true where values before it may be missing.",
		Example: `source "opcua" "line" {
  endpoint            = "opc.tcp://10.0.4.20:4840"
  publishing_interval = "500ms"
  node "temperature" {
    id   = "ns=2;s=Line1.Temperature"
    type = "float"
  }
}`,
		Attrs: []plugins.Attr{
			{Name: "endpoint", Type: plugins.AttrString, Required: true, Doc: "The server, as in \"opc.tcp://10.0.4.20:4840\"."},
			{Name: "server", Type: plugins.AttrString, Doc: "The name of the server in its records; its endpoint unless given."},
			{Name: "security_policy", Type: plugins.AttrString, Default: "None", Enum: policies, Doc: "How messages are protected; all but None need certificate_file and key_file."},
			{Name: "security_mode", Type: plugins.AttrString, Enum: []string{"None", "Sign", "SignAndEncrypt"}, Doc: "Whether messages are signed, or encrypted as well; SignAndEncrypt unless given, and None with the policy None."},
			{Name: "certificate_file", Type: plugins.AttrFile, Doc: "The certificate that this client shows, PEM or DER."},
			{Name: "key_file", Type: plugins.AttrFile, Doc: "The RSA key of that certificate, PEM or DER."},
			{Name: "server_certificate_file", Type: plugins.AttrFile, Doc: "The certificate that the server must show, PEM or DER."},
			{Name: "trust_any_server", Type: plugins.AttrBool, Default: false, Doc: "Trusts whatever certificate the server shows: only for tests."},
			{Name: "user", Type: plugins.AttrString, Doc: "Who logs on; nobody does unless given."},
			{Name: "password", Type: plugins.AttrSecret, Doc: "The password of the user."},
			{Name: "allow_plain_password", Type: plugins.AttrBool, Default: false, Doc: "Lets the password cross the network without security_policy, readable for all."},
			{Name: "publishing_interval", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.01), Max: plugins.Bound(3600), Doc: "How often the server tells what has changed."},
			{Name: "sampling_interval", Type: plugins.AttrDuration, Min: plugins.Bound(0), Max: plugins.Bound(3600), Doc: "How often the server looks at the nodes that say nothing else; as often as it publishes unless given, 0 is as fast as it can."},
			{Name: "queue_size", Type: plugins.AttrInt, Default: int64(10), Min: plugins.Bound(1), Max: plugins.Bound(10000), Doc: "How many changes of a node the server keeps until it publishes them; when there are more, the oldest is lost, and gap tells so."},
			{Name: "keep_alive", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.02), Max: plugins.Bound(3600), Doc: "How long the server may be silent when nothing changes; it is at least two publishing intervals."},
			{Name: "timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.01), Max: plugins.Bound(300), Doc: "How long the server has for an answer; then the connection is made anew."},
			{Name: "max_backoff", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.001), Max: plugins.Bound(3600), Doc: "The longest wait between two attempts to reach a server that is away."},
		},
		Blocks: []plugins.Block{
			{Name: "node", Label: "name", Required: true, Repeated: true, Doc: "A node that is monitored.", Schema: nodeSchema()},
		},
	}
}

func nodeSchema() plugins.Schema {
	return plugins.Schema{Attrs: []plugins.Attr{
		{Name: "id", Type: plugins.AttrString, Required: true, Doc: "The node, as in \"ns=2;s=Line1.Temperature\" or \"ns=3;i=1001\"."},
		{Name: "type", Type: plugins.AttrString, Default: "any", Enum: []string{"any", "bool", "int", "float", "string", "time", "bytes"}, Doc: "What its values are; others go to the error output. Where all nodes of the source have the same type, it is that of `value`."},
		{Name: "sampling_interval", Type: plugins.AttrDuration, Min: plugins.Bound(0), Max: plugins.Bound(3600), Doc: "How often the server looks at this node; as for the source unless given."},
		{Name: "deadband", Type: plugins.AttrFloat, Min: plugins.Bound(0), Max: plugins.Bound(1e300), Doc: "How far a number must move to be told."},
		{Name: "deadband_type", Type: plugins.AttrString, Default: "absolute", Enum: []string{"absolute", "percent"}, Doc: "Whether that is in the unit of the value, or in percent of its range, where the node has one."},
	}}
}
