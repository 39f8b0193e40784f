package wasm

import (
	"context"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// Inherit implements [plugins.Heir]: where nothing but hot parameters has changed, the instance goes on with these, and with
// all that it has in its memory.
func (s *stage) Inherit(from plugins.Transform) {
	old, ok := from.(*stage)
	if !ok || old.guest.instance == nil || !old.guest.instance.Configurable() {
		return
	}
	if err := s.load(context.Background()); err != nil || s.guest.module != old.guest.module {
		return // the first record that comes tells of an error
	}
	if err := s.refresh(); err != nil || !s.onlyHot(old.settings) {
		return
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

// onlyHot reports whether the parameters that differ from those of a stage with the same module are hot.
func (s *stage) onlyHot(old []abi.Setting) bool {
	for k, q := range s.plan.module.Manifest.Parameters {
		if !q.Hot && old[k] != s.settings[k] {
			return false
		}
	}
	return true
}
