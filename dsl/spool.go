package dsl

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// SpoolSchema describes the block spool of a source.
func SpoolSchema() plugins.Schema {
	return plugins.Schema{Attrs: []plugins.Attr{{
		Name: "max_size", Type: plugins.AttrSize, Default: int64(graph.DefaultSpoolBytes), Min: plugins.Bound(1 << 20),
		Doc: "How much may wait on disk; when it is full, the source takes nothing in.",
	}}}
}

// spool reads the bound of what waits on disk, of sources for which something
// does.
func (b *builder) spool(s *stage) {
	for _, block := range s.body.blocksOf("spool") {
		c := b.read(block.Body, schemaForm(SpoolSchema(), "spool"))
		d := &decoder{builder: b, stage: s}
		config := d.config(c, SpoolSchema(), "spool.", block.DefRange())
		s.SpoolBytes = config.Int("max_size")
		if !d.failed && !s.broken && !b.capabilities(s).Spooled() {
			b.fail(block.DefRange(), "nothing to spool", "%s", whyNotSpooled(b.capabilities(s), s))
		}
	}
}

func whyNotSpooled(c plugins.Capabilities, s *stage) string {
	if c.Seekable {
		return s.Addr() + " is read again from where it stopped and needs no spool; take the block out"
	}
	return s.Addr() + " asks nobody to wait until a record is safe, so that a spool would make nothing safer; take the block out"
}

// capabilities returns what a source or sink can promise, as configured.
func (b *builder) capabilities(s *stage) plugins.Capabilities {
	if s.kind.capabilities == nil {
		return plugins.Capabilities{}
	}
	return s.kind.capabilities(s.Config)
}
