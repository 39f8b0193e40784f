package runtime

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/handoff"
)

// logName names the logs of a source's partitions.
func logName(pipeline string, source *graph.Stage) string { return pipeline + "." + source.Name }

// ForgetLogs forgets what a bus has of the state that goes with partitions of a
// source. No process of the group may run.
func ForgetLogs(ctx context.Context, logs plugins.StateLogs, pipeline string, source *graph.Stage, ps []plugins.Partition) error {
	return sideBySide(ps, func(p plugins.Partition) error {
		log, err := logs.StateLog(ctx, logName(pipeline, source), p)
		if err == nil {
			err = handoff.Forget(ctx, log)
		}
		if err != nil {
			return fmt.Errorf("forget what the stages keep of partition %s: %w", p, err)
		}
		return nil
	})
}
