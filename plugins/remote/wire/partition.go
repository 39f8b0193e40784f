package wire

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromPartition returns the message of a partition.
func FromPartition(p plugins.Partition) *pb.Partition {
	return &pb.Partition{Name: p.Name, Id: p.ID, Epoch: p.Epoch}
}

// ToPartition returns the partition of a message.
func ToPartition(p *pb.Partition) (plugins.Partition, error) {
	if n := len(p.GetName()); n > MaxPart {
		return plugins.Partition{}, fmt.Errorf("the name of a partition has %d bytes: %d are the most", n, MaxPart)
	}
	return plugins.Partition{Name: p.GetName(), ID: p.GetId(), Epoch: p.GetEpoch()}, nil
}

// ToPosition returns the position of a message, nil for none.
func ToPosition(p []byte) (plugins.Position, error) {
	if len(p) > MaxPosition {
		return nil, fmt.Errorf("a position has %d bytes: %d are the most", len(p), MaxPosition)
	}
	return p, nil
}
