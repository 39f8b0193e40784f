package dsl_test

import "github.com/onstream/onstream/plugins"

// busKind is a connection for the kinds listen and send, storeKind one for none
// of them.
func busKind() plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name: "bus", Service: "topic",
		Schema: plugins.Schema{
			Doc: "A bus.",
			Attrs: []plugins.Attr{
				{Name: "url", Type: plugins.AttrString, Required: true, Doc: "Where it is."},
				{Name: "password", Type: plugins.AttrSecret, Doc: "The password."},
			},
			Blocks: []plugins.Block{{Name: "tls", Doc: "TLS.", Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "ca_file", Type: plugins.AttrString, Doc: "The authorities."}}}}},
		},
		Check: func(c plugins.Config) error {
			if c.String("url") == "nowhere" {
				return plugins.ConfigErrorf("url", "nowhere is no URL")
			}
			return nil
		},
	}
}

func storeKind() plugins.ConnectorKind {
	return plugins.ConnectorKind{Name: "store", Service: "collection"}
}

// listenKind is a source that its connection can refuse.
func listenKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "listen", Via: "topic", Keyed: true, Payload: true, DefaultFormat: "json",
		Capabilities: func(plugins.Config) plugins.Capabilities {
			return plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true}
		},
		Schema:     plugins.Schema{Attrs: []plugins.Attr{{Name: "topic", Type: plugins.AttrString, Required: true, Doc: "What."}}},
		ReadsTopic: func(c plugins.Config, topic string) bool { return c.String("topic") == topic },
		Check: func(c plugins.Config) error {
			if _, bus := c.Connector(); bus.String("url") == "quiet" {
				return plugins.ConfigErrorf("via", "nothing is heard there")
			}
			return nil
		},
	}
}

// sendKind is a sink whose records can be made anew, and say where they go.
func sendKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "send", Via: "topic", Payload: true, DefaultFormat: "json", Topic: "topic", Body: "body",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "topic", Type: plugins.AttrExpr, Want: plugins.Of(plugins.String), Doc: "Where."},
			{Name: "body", Type: plugins.AttrExprMap, Doc: "What."},
		}},
	}
}
