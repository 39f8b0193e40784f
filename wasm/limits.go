package wasm

import (
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
)

func limitAttrs() []plugins.Attr {
	return []plugins.Attr{
		{Name: "memory", Type: plugins.AttrSize, Min: plugins.Bound(64 << 10), Max: plugins.Bound(host.MaxMemory), Doc: "Its memory; 64MiB unless given."},
		{Name: "time", Type: plugins.AttrDuration, Min: plugins.Bound(1e-3), Doc: "What a call may take, which is about a batch or a part of one; 1s unless given. A module is stopped about a millisecond after that."},
		{Name: "start", Type: plugins.AttrDuration, Min: plugins.Bound(1e-3), Doc: "What it may take until it is open: its start function, _initialize and onstream_open; 10s unless given."},
		{Name: "calls", Type: plugins.AttrInt, Min: plugins.Bound(1), Doc: "Calls of functions of onstream in a call; 1000000 unless given."},
		{Name: "output", Type: plugins.AttrSize, Min: plugins.Bound(1), Max: plugins.Bound(1 << 30), Doc: "What it returns in a call; 16MiB unless given."},
		{Name: "state", Type: plugins.AttrSize, Min: plugins.Bound(1), Max: plugins.Bound(16 << 20), Doc: "What it keeps of a key; 64KiB unless given."},
		{Name: "logs", Type: plugins.AttrInt, Min: plugins.Bound(0), Doc: "Lines that it logs in a second; 100 unless given. Others are left out."},
	}
}

// limits returns what an instance may use: what the stage says, or the default, of which the module may
// ask for less.
func (p *plan) setLimits(c plugins.Config) error {
	b, l, asked := c.Block("limits"), host.DefaultLimits(), p.module.Manifest.Limits
	if b.Has("memory") {
		l.Memory = b.Int("memory")
	} else if asked.Memory > l.Memory {
		return plugins.ConfigErrorf("", "the module asks for %d MiB of memory: if it may have them, write limits { memory = \"%[1]dMiB\" }", (asked.Memory+1<<20-1)>>20)
	} else if asked.Memory > 0 {
		l.Memory = asked.Memory
	}
	if begins := p.module.Memory; begins > l.Memory {
		path := ""
		if b.Has("memory") {
			path = "limits.memory"
		}
		return plugins.ConfigErrorf(path, "the module begins with %s of memory, and may have %s: raise limits.memory, or build it with less", mib(begins), mib(l.Memory))
	}
	if wants := time.Duration(asked.TimeMS) * time.Millisecond; b.Has("time") {
		l.Time = b.Duration("time")
	} else if wants > l.Time {
		return plugins.ConfigErrorf("", "the module asks for %v for a call: if it may take them, write limits { time = %[1]q }", wants.String())
	} else if wants > 0 {
		l.Time = wants
	}
	if b.Has("start") {
		l.Start = b.Duration("start")
	}
	for name, limit := range map[string]*int{"calls": &l.Calls, "output": &l.Output, "state": &l.State, "logs": &l.Logs} {
		if b.Has(name) {
			*limit = int(b.Int(name))
		}
	}
	p.limits = l
	return nil
}

// mib is a number of bytes as people read it.
func mib(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
