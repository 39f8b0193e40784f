package wasm

import (
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
)

// Inherit implements [plugins.Heir]: where nothing but hot parameters has changed, the instance goes on with these, and with
// all that it has in its memory.
func (s *stage) Inherit(from plugins.Transform) {
	old, ok := from.(*stage)
	if !ok || old.guest.instance == nil || !old.guest.instance.Configurable() || !onlyHot(old.plan, s.plan) {
		return
	}
	if err := s.load(context.Background()); err != nil || s.guest.module != old.guest.module {
		return // the first record that comes tells
	}
	i := old.guest.instance
	i.Begin(host.Call{Now: s.env.Now().UnixMicro(), Watermark: s.watermark()})
	if err := i.Configure(s.guest.settings); err != nil {
		s.logger.Warn("the module does not take the new parameters while it runs, so it is opened with them anew", "error", err)
		return
	}
	old.guest.instance = nil
	if s.guest.instance != nil {
		s.guest.discard()
	}
	s.guest.instance, s.guest.called = i, old.guest.called
	s.guest.define(s.env.Metrics)
}

// onlyHot reports whether the parameters that differ are hot.
func onlyHot(old, now *plan) bool {
	for k, q := range now.module.Manifest.Parameters {
		if !q.Hot && old.settings[k] != now.settings[k] {
			return false
		}
	}
	return true
}
