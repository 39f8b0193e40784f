package opcua

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/onstream/onstream/plugins"
)

// firstBackoff is the wait before the second attempt to reach a server; each further one is twice as long.
const firstBackoff = 100 * time.Millisecond

// What a source measures of itself.
const (
	outagesMetric   = "server_outages"
	gapsMetric      = "server_gaps"      // outages and notices that did not come, behind which values may be missing
	overflowsMetric = "server_overflows" // values behind which the server's queue ran over
	connectedMetric = "server_connected" // 1 or 0
)

// source is subscribed to the nodes of one server.
type source struct {
	settings
	env plugins.Env

	been bool   // there was a subscription
	away bool   // the outage was logged
	gap  []bool // by node: values before its next one may be missing
	told []bool // by node: that its queue ran over was logged

	outages, gaps, overflows, connected *plugins.Metric
}

var _ plugins.Source = (*source)(nil)

func newSource(c plugins.Config, env plugins.Env) (plugins.Source, error) {
	s, err := settingsOf(c)
	if err != nil {
		return nil, err
	}
	return &source{
		settings: s, env: env, gap: make([]bool, len(s.nodes)), told: make([]bool, len(s.nodes)),
		outages:   env.Metrics.Define(plugins.Counter, outagesMetric),
		gaps:      env.Metrics.Define(plugins.Counter, gapsMetric),
		overflows: env.Metrics.Define(plugins.Counter, overflowsMetric),
		connected: env.Metrics.Define(plugins.Gauge, connectedMetric),
	}, nil
}

// Run implements [plugins.Source]. What the server refuses at first is a mistake, and its end. What it refuses after it once did not, such as
// a node that it does not have yet when it was started again, is an outage.
func (s *source) Run(ctx context.Context, out plugins.Outlet) error {
	for attempt := 1; ; attempt++ {
		began := s.env.Now()
		err := s.follow(ctx, out)
		s.connected.Record(0)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(handError)):
			return err
		case plugins.IsPermanent(err) && !s.been:
			return err
		case s.env.Now().Sub(began) > s.backoff: // it worked for a while
			attempt = 1
		}
		if !s.away {
			s.away = true
			s.outages.Record(1)
			s.env.Logger.Warn("the server cannot be read: it is tried again until it can", "server", s.endpoint, "error", err)
		}
		if err := s.env.Wait(ctx, s.pause(attempt)); err != nil {
			return err
		}
	}
}

// handError is what the engine says when it takes no more.
type handError struct{ error }

// pause returns the wait after a number of attempts in vain. Chance keeps those who lost the same server from coming back together.
func (s *source) pause(attempts int) time.Duration {
	d := firstBackoff
	for range min(attempts-1, 30) {
		d = min(2*d, s.backoff)
	}
	return d/2 + rand.N(d/2+1)
}

// follow is one subscription, from its beginning to why it ended.
func (s *source) follow(ctx context.Context, out plugins.Outlet) error {
	sn, err := subscribe(ctx, s.settings)
	if err != nil {
		return err
	}
	defer sn.close()
	s.connected.Record(1)
	if s.been {
		s.missed("the server was away")
	}
	s.been = true
	if s.away {
		s.away = false
		s.env.Logger.Info("the server is read again", "server", s.endpoint)
	}
	for {
		n, err := sn.publish(ctx)
		if err != nil {
			return err
		}
		if n.missed {
			s.missed("notices of the server did not come")
		}
		if err := s.hand(ctx, n, out); err != nil {
			return handError{err}
		}
		sn.done(n)
	}
}

// missed notes that values of all nodes may be missing.
func (s *source) missed(why string) {
	s.gaps.Record(1)
	s.env.Logger.Warn("values may be missing: the next record of each node has gap = true", "server", s.endpoint, "why", why)
	for i := range s.gap {
		s.gap[i] = true
	}
}

// overflow notes that values of one node are missing.
func (s *source) overflow(i int) {
	s.gap[i] = true
	s.overflows.Record(1)
	if !s.told[i] {
		s.told[i] = true
		s.env.Logger.Warn("values are missing: a node changes more often than the server keeps; a larger queue_size or a shorter publishing_interval helps",
			"server", s.endpoint, "node", s.nodes[i].name)
	}
}
