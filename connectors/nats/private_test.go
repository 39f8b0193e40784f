package nats_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Another process gets at what an embedded server has on disk, or where it listens.
func TestNoOtherProcessGetsAtAnEmbeddedServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	volatile := r.nested("stream", map[string]any{"storage": "memory"})
	for name, c := range map[string]struct {
		config plugins.Config
		dir    string
		says   string
	}{
		"elsewhere":             {config: r.config(map[string]any{"servers": []string{"nats://127.0.0.1:1"}})},
		"state":                 {config: r.config(nil), dir: t.TempDir()},
		"store_dir":             {config: r.config(map[string]any{"store_dir": t.TempDir()})},
		"nothing":               {config: r.config(nil), says: "give the connector listen, and name that address with servers in a connector of its own; or, while the pipeline is stopped, name the folder that it runs with, --state DIR"},
		"listens":               {config: r.config(map[string]any{"listen": "127.0.0.1:4222"}), says: `connect to it with servers = ["nats://127.0.0.1:4222"] in a connector of its own; or, while`},
		"streams in memory":     {config: r.config(nil, volatile), dir: t.TempDir(), says: "give the connector listen, and name that address with servers in a connector of its own"},
		"listens, but volatile": {config: r.config(map[string]any{"listen": ":4222"}, volatile), dir: t.TempDir(), says: `connect to it with servers = ["nats://HOST:4222"] in a connector of its own`},
	} {
		err := r.connect(t, c.config, func(e *plugins.Env) { e.Dir = c.dir }).(connectors.Private).Private()
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: it is private: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: got %v, want ... %s", name, err, c.says)
		case strings.Contains(name, "memory") && strings.Contains(err.Error(), "--state"):
			t.Errorf("%s: there is nothing on disk: %v", name, err)
		}
	}
}
