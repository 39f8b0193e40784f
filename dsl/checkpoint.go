package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// CheckpointSchema describes the block checkpoint of a pipeline.
func CheckpointSchema() plugins.Schema {
	standard := graph.DefaultCheckpoint()
	return plugins.Schema{Attrs: []plugins.Attr{
		{
			Name: "interval", Type: plugins.AttrDuration, Default: standard.Interval, Min: plugins.Bound(0.01), Max: plugins.Bound(3600),
			Doc: "How often what the stages keep is stored: what a crash repeats is at most as old.",
		},
		{
			Name: "durability", Type: plugins.AttrString, Default: string(standard.Durability), Enum: []string{string(graph.Fsync), string(graph.OS)},
			Doc: "Whether each checkpoint is on disk before it counts, or is not waited for: then a kill or power loss may take the newest ones away, and more is done again.",
		},
	}}
}

// checkpoint reads when and how firmly state is stored.
func (b *builder) checkpoint(block *hclsyntax.Block) {
	c := b.read(block.Body, schemaForm(CheckpointSchema(), "checkpoint"))
	d := &decoder{builder: b, stage: &stage{places: map[string]hcl.Range{}}}
	config := d.config(c, CheckpointSchema(), "checkpoint.", block.DefRange())
	b.graph.Checkpoint = graph.Checkpoint{Interval: config.Duration("interval"), Durability: graph.Durability(config.String("durability"))}
}
