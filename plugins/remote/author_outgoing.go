package remote

import (
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// outgoing returns the rows of a batch that go to the host, those that failed among them, and the failures by their places there. In columns that are given,
// nothing stands where a row failed.
func outgoing(b *plugins.Batch, columns []wire.Named) ([]uint32, []*pb.RowFailure) {
	if len(b.Failures) == 0 {
		return b.Sel, nil
	}
	var all []plugins.Failure
	b.TakeFailures(func(f plugins.Failure) { all = append(all, f) })
	slices.SortStableFunc(all, func(x, y plugins.Failure) int { return int(x.Row) - int(y.Row) })
	all = slices.CompactFunc(all, func(x, y plugins.Failure) bool { return x.Row == y.Row })
	rows := slices.Clone(b.Sel)
	for _, f := range all {
		rows = append(rows, f.Row)
		for _, c := range columns {
			c.Column.SetNull(f.Row)
		}
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	failures := wire.FromFailures(nil, all, func(row uint32) uint32 {
		at, _ := slices.BinarySearch(rows, row)
		return uint32(at)
	})
	return rows, failures
}
