package wire

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromCapabilities returns the message of what a source or sink promises. That it shares its partitions with others, or writes in transactions, no
// message says.
func FromCapabilities(c plugins.Capabilities) *pb.Capabilities {
	return &pb.Capabilities{Seekable: c.Seekable, Redelivers: c.Redelivers, Idempotent: c.Idempotent, Ordered: c.Ordered, Weakens: c.Weakens}
}

// ToCapabilities returns what a source or sink promises.
func ToCapabilities(p *pb.Capabilities) plugins.Capabilities {
	return plugins.Capabilities{
		Seekable: p.GetSeekable(), Redelivers: p.GetRedelivers(), Idempotent: p.GetIdempotent(), Ordered: p.GetOrdered(), Weakens: Clip(p.GetWeakens(), MaxText),
	}
}
