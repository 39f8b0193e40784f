package transforms

import (
	"log/slog"
	"time"

	"github.com/onstream/onstream/plugins"
)

// pipelineClock is the pipeline's clock as a stage sees it: it never goes back.
// Where the machine's clock is set back, while the pipeline runs or while it
// does not, this one goes on from where it was, at the same pace, until the
// machine's has caught up: what is due by it would have to wait for that
// otherwise. Times are in nanoseconds since 1970.
type pipelineClock struct {
	machine func() time.Time
	logger  *slog.Logger

	read time.Time // the machine's clock when this one was looked at
	at   int64     // what this one showed then
}

// aheadWarned is how far the clock of a stage may be ahead of the machine's at
// a start before that is worth a word.
const aheadWarned = time.Minute

func newPipelineClock(env plugins.Env) *pipelineClock {
	return &pipelineClock{machine: env.Now, logger: env.Logger}
}

// byPipelineClock reports whether what a stage does depends on the pipeline's
// clock: that is its time, or ends the wait for its records.
func byPipelineClock(c plugins.Config) bool {
	return c.String("clock") == "processing" || c.Duration("timeout") > 0
}

// wall returns the time.
func (p *pipelineClock) wall() int64 {
	now := p.machine()
	if !p.read.IsZero() {
		// By the monotonic clock, where there is one: it is not set.
		p.at = later(p.at, max(0, int64(now.Sub(p.read))))
	}
	p.read, p.at = now, max(p.at, now.UnixNano())
	return p.at
}

// alarm returns what the machine's clock will show when this one shows a time.
func (p *pipelineClock) alarm(at int64) int64 {
	if at == plugins.Never {
		return at
	}
	return later(at, p.machine().UnixNano()-p.wall())
}

// noting returns decode, of values of which wall is a time that the clock has
// shown before: it goes on from the latest of them.
func noting[V any](p *pipelineClock, decode func([]byte, *V) error, wall func(*V) int64) func([]byte, *V) error {
	return func(src []byte, v *V) error {
		err := decode(src, v)
		if err == nil {
			p.at = max(p.at, wall(v))
		}
		return err
	}
}

// restored is called when all that the stage has stored was read.
func (p *pipelineClock) restored(s plugins.State) {
	ahead := time.Duration(p.wall() - p.read.UnixNano())
	if first, _ := s.Groups(); first == 0 && ahead > aheadWarned { // one lane tells
		p.logger.Warn("the machine's clock is behind the times that the stage has stored; it goes on from there: set the clock, or reset the state of the stage",
			"behind", ahead.Round(time.Second))
	}
}
