package plugins

import (
	"maps"
	"slices"
)

// Differs returns the names of the attributes and blocks that are not alike in two
// configurations, sorted. The connection is not among them.
func (c Config) Differs(from Config) []string {
	names := map[string]bool{}
	for _, x := range []Config{c, from} {
		for name := range x.attrs {
			names[name] = true
		}
		for _, b := range x.blocks {
			names[b.Name] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		return c.only(name).Fingerprint() == from.only(name).Fingerprint()
	})
}

// only returns the configuration with nothing but the attribute, or the blocks,
// of a name. An attribute without a value is as one that is not there.
func (c Config) only(name string) Config {
	some := Config{blocks: c.Blocks(name), contents: c.contents}
	if v := c.attrs[name]; v != nil {
		some.attrs = map[string]any{name: v}
	}
	return some
}
