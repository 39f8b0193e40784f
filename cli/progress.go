package cli

import (
	"context"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/onstream/onstream/runtime/graph"
)

const progressInterval = 200 * time.Millisecond

// wantsProgress reports whether somebody watches, and would not rather see the
// records on the same screen.
func (s *supervisor) wantsProgress() bool {
	if !isTerminal(s.stderr) {
		return false
	}
	if !isTerminal(s.stdout) {
		return true
	}
	for _, j := range s.jobs {
		for _, st := range j.pipeline().Stages {
			if st.Role == graph.Sink && st.Kind == "stdout" {
				return false
			}
		}
	}
	return true
}

// showProgress shows how far the pipelines are, how fast, and how long it will
// still take, until ctx ends. Input without end has no progress.
func (s *supervisor) showProgress(ctx context.Context) {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	var bar *progressbar.ProgressBar
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			s.talk.endBar()
			return
		case <-tick.C:
		}
		done, total, records := s.progress()
		if total == 0 {
			continue
		}
		s.talk.mu.Lock()
		if bar == nil {
			bar = newBar(s, total)
			s.talk.bar = bar
		}
		bar.ChangeMax64(total)
		bar.Describe(count(int64(float64(records)/time.Since(start).Seconds())) + " records/s")
		// A bar that cannot be drawn is no reason to stop.
		_ = bar.Set64(min(done, total))
		s.talk.mu.Unlock()
	}
}

func newBar(s *supervisor, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(s.stderr),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionClearOnFinish(),
	)
}

// progress adds up the pipelines.
func (s *supervisor) progress() (done, total, records int64) {
	for _, j := range s.jobs {
		st := j.engine().Stats()
		done += st.Done
		total += st.Total
		for _, stage := range st.Stages {
			if stage.Role == graph.Source {
				records += stage.In
			}
		}
	}
	return done, total, records
}
