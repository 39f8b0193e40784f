//go:build unix

package remote_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// rogueConfig is that of a plugin that keeps to no rule.
func rogueConfig(t *testing.T, mode string) remote.Config {
	t.Helper()
	c := config(t, "rogue")
	c.Args = append(c.Args, mode)
	return c
}

func TestPluginsThatOfferNonsense(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{
		"nothing": "the plugin offers no kinds",
		"name":    `the name that the plugin has for itself is "../acme": it is to be of letters, digits and _, and to begin with a letter`,
		"twice":   `what the plugin offers is not right: there is lookup "find" twice`,
		"role":    `: its role is 9, which this onstream does not know`,
		"kind":    "what the plugin offers is not right: transform \"a\uFFFD[31mb\": its name",
		"many":    "the plugin offers 1025 kinds: 1024 are the most",
		"huge":    "received message larger than max",
		"mute":    "it has not told within 700ms (limits.start) what it offers",
		"refuses": "not today, (secret)",
		"exits":   "it ended with exit status 5",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := rogueConfig(t, mode)
			if mode == "mute" {
				c.Limits.Start = 700 * time.Millisecond
			}
			p, err := remote.Launch(t.Context(), c)
			if err == nil {
				_ = p.Close()
				t.Fatal("it was launched")
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if !strings.Contains(err.Error(), c.Source+" cannot be used: ") || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("got %q", err)
			}
		})
	}
}

// What a plugin says of a block is checked, and has an answer in time.
func TestPluginsThatSayNonsenseOfABlock(t *testing.T) {
	t.Parallel()
	const rule = "plugin acme does not keep to the protocol: what it says of a "
	for name, want := range map[string]string{
		"source configure: two outputs":     rule + "source acme_in: a source without payloads has one output, of columns; tell its author",
		"source configure: no output":       rule + "source acme_in: a source without payloads has one output, of columns; tell its author",
		"transform configure: no output":    rule + "transform acme_change: there are 0 outputs: at least 1 and at most 1024 are possible; tell its author",
		"transform configure: output twice": rule + `transform acme_change: output "other" is there twice; tell its author`,
		"source configure: deep type":       `output "": field "x": types are nested more than 32 deep; tell its author`,
		"source configure: remarks":         rule + "source acme_in: it has 300 remarks: 256 are the most; tell its author",
		"source configure: huge":            "what the plugin answers is larger than the 32 MiB that a message may have",
		"source configure: mute":            "it has not said within 500ms (limits.timeout) what it thinks of a block",
		"source configure: exits":           "the process of plugin acme has ended: it ended with exit status 6",
		"source configure: problem":         "no (secret)\uFFFD[2J",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rogueConfig(t, "")
			if strings.HasSuffix(name, "mute") {
				c.Limits.Timeout = 500 * time.Millisecond
			}
			_, r := launch(t, c)
			role, how, _ := strings.Cut(name, " ")
			block := plugins.NewConfig(map[string]any{"case": how, "at": plugins.Expr(field("n"))})
			var err error
			if role == "source" {
				kind, _ := r.Source("acme_in")
				_, err = kind.Output(block)
			} else {
				kind, _ := r.Transform("acme_change")
				_, err = kind.Outputs(plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}), block)
			}
			if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
