package remote

import (
	"context"
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

// trials lets one stage at a time try something in a process of its own: what crashes that is to blame alone. It is safe for concurrent use.
type trials struct {
	plugin  *Plugin
	gate    chan struct{} // has a place for the stage that tries
	crashes []time.Time   // within restartWindow; behind the gate
}

// trialsPerRestart is how many processes of trials may crash for each restart that is allowed: it takes about twenty to find one record among a million.
const trialsPerRestart = 32

// trial is the turn of a stage.
type trial struct {
	trials *trials
	worker *worker
}

// begin waits for the stage's turn, which ends with close.
func (t *trials) begin(ctx context.Context) (*trial, error) {
	select {
	case t.gate <- struct{}{}:
		return &trial{trials: t}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-t.plugin.supervisor.closed:
		return nil, plugins.Permanent(errClosed)
	}
}

// get returns the process of the trial, a new one where the last has crashed.
func (t *trial) get(ctx context.Context) (*worker, error) {
	if t.worker != nil && !t.worker.hasExited() {
		return t.worker, nil
	}
	t.end()
	limit := trialsPerRestart * (t.trials.plugin.config.Limits.restarts() + 1)
	for len(t.trials.crashes) > 0 && time.Since(t.trials.crashes[0]) > restartWindow {
		t.trials.crashes = t.trials.crashes[1:]
	}
	if n := len(t.trials.crashes); n >= limit {
		return nil, plugins.Permanent(fmt.Errorf("plugin %s has crashed %d times within %v while the records were looked for on which it does: it seems to crash on all of them", t.trials.plugin.config.Name, n, restartWindow))
	}
	supervisor := t.trials.plugin.supervisor
	for {
		w, err := t.trials.plugin.start(ctx)
		if err == nil {
			t.worker = w
			return w, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		// That it does not start says nothing about a record: it counts, and is paced, as any other process of the plugin that does not.
		supervisor.note(err.Error(), false)
		if err := supervisor.mayStart(ctx); err != nil {
			return nil, err
		}
	}
}

// end counts the crash of the process, where it has one that crashed, and cleans up.
func (t *trial) end() {
	if t.worker == nil {
		return
	}
	if t.worker.hasExited() {
		t.trials.crashes = append(t.trials.crashes, time.Now())
	}
	t.worker.process.Stop()
	t.worker = nil
}

// close ends the stage's turn.
func (t *trial) close() {
	t.end()
	<-t.trials.gate
}
