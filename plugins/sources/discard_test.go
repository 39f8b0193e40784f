package sources_test

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

// discardOutlet forgets what it is handed.
type discardOutlet struct{ pool *plugins.Pool }

func (o discardOutlet) Batch() *plugins.Batch { return o.pool.Batch() }
func (o discardOutlet) Hand(_ context.Context, d plugins.Delivery) error {
	d.Batch.Release()
	return nil
}
func (o discardOutlet) Done(plugins.Partition) {}
