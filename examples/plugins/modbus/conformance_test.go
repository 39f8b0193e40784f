package main

import (
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/examples/plugins/modbus/modbus"
	"github.com/onstream/onstream/examples/plugins/modbus/simulator"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
	"github.com/onstream/onstream/plugins/remote"
)

// The kind keeps the promises of a source, in the process of the test and in one of its own.

func TestConforms(t *testing.T) {
	t.Parallel()
	conforms(t, modbus.Kind())
}

func TestConformsInItsProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := remote.Launch(t.Context(), remote.Config{Name: "plant", Source: self})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	var r plugins.Registry
	if err := p.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, found := r.Source("plant_modbus")
	if !found {
		t.Fatal("the plugin has no modbus")
	}
	conforms(t, kind)
}

// conforms runs the suite over a device that counts how often it was asked, from 0.
func conforms(t *testing.T, kind plugins.SourceKind) {
	t.Helper()
	var counted []string
	for n := range 50 {
		counted = append(counted, strconv.Itoa(n))
	}
	plugintest.Source(t, plugintest.SourceCase{Kind: kind, Makes: counted, Record: count, Open: func(t testing.TB) plugintest.Input {
		device, err := simulator.New("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var asked atomic.Uint32
		device.Before(func() { device.SetHolding(10, uint16(asked.Add(1)-1)) })
		if err := device.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := device.Stop(); err != nil {
				t.Error(err)
			}
		})
		register := plugins.ConfigBlock{Name: "register", Label: "count", Config: plugintest.Configure(kind.Schema.Blocks[0].Schema, map[string]any{"address": int64(10)})}
		return plugintest.Input{
			Config: plugintest.Configure(kind.Schema, map[string]any{"address": device.Address(), "interval": time.Millisecond, "timeout": time.Minute}, register),
			Env:    plugins.Env{Shared: new(plugins.Shared), Metrics: new(plugins.Metrics)},
		}
	}})
}

// count is what the device says in a record.
func count(b *plugins.Batch, row uint32) string {
	c := b.Column("count")
	if c == nil || c.IsNull(row) {
		return "nothing"
	}
	return strconv.FormatInt(c.Value(row).Int, 10)
}
