package wasm

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// liveParameter is one whose value depends on settings of the pipeline, which change while it runs.
type liveParameter struct {
	at    int // index of the parameter
	about manifest.Parameter
	expr  plugins.Expr
}

// checkLive finds what cannot be a parameter: its value is the same for all records of a batch.
func checkLive(q manifest.Parameter, x plugins.Expr) error {
	t, _ := manifest.TypeOf(q.Type)
	v, ok := x.(plugins.Volatile)
	switch {
	case len(x.Reads()) > 0:
		return fmt.Errorf("%s depends on the record: a parameter is the same for all of them", q.Name)
	case ok && v.Volatile():
		return fmt.Errorf("%s depends on the clock, or on chance: a parameter is what the files and settings say", q.Name)
	case !takes(t, x.Type().Kind):
		return fmt.Errorf("%s is of type %s, and is to be of type %s", q.Name, x.Type(), q.Type)
	}
	return nil
}

// live is the parameters of a stage that may change.
type live struct {
	parameters []liveParameter
	evals      []plugins.Evaluator
	batch      *plugins.Batch // of one row, on which they are computed
	refused    string         // what was said of a value that the module cannot have
}

func newLive(parameters []liveParameter, env plugins.Env) live {
	l := live{parameters: parameters}
	if len(parameters) == 0 {
		return l
	}
	for _, p := range parameters {
		l.evals = append(l.evals, p.expr.Evaluator(env))
	}
	l.batch = env.Pool.Batch()
	l.batch.SelectAll(1)
	return l
}

// values computes the parameters, into settings. It reports which have changed: none, or hot ones only.
func (l *live) values(settings []abi.Setting) (changed, hot bool, err error) {
	hot = true
	for k, p := range l.parameters {
		s, err := valueOf(p.about, l.evals[k].Eval(l.batch).Value(0))
		if err != nil {
			return false, false, err
		}
		if s != settings[p.at] {
			changed, hot = true, hot && p.about.Hot
			settings[p.at] = s
		}
	}
	return changed, hot, nil
}

// refresh gives the module the present values of its parameters. One that it cannot have is told, and those before stay; at the
// start it is an error.
func (s *stage) refresh() error {
	if len(s.live.parameters) == 0 {
		return nil
	}
	now := append(s.fresh[:0], s.settings...)
	s.fresh = now
	changed, hot, err := s.live.values(now)
	switch {
	case err != nil && s.guest.settings == nil:
		return plugins.Permanent(fmt.Errorf("config: %w", err))
	case err != nil:
		if text := err.Error(); text != s.live.refused {
			s.live.refused = text
			s.logger.Warn("the module goes on with the parameters that it has: a setting has a value that it does not take", "error", err)
		}
		return nil
	case !changed && s.guest.settings != nil:
		return nil
	}
	s.live.refused = ""
	s.set(now)
	if s.guest.instance == nil {
		return nil
	}
	return s.reconfigure(hot)
}

// set makes the values of the parameters those that the module is opened with.
func (s *stage) set(settings []abi.Setting) {
	s.settings = append(s.settings[:0], settings...)
	s.guest.settings = abi.AppendSettings(nil, append(s.settings[:len(s.settings):len(s.settings)],
		abi.Setting{Name: ".pipeline", Type: abi.Text, Text: s.env.Pipeline}, abi.Setting{Name: ".stage", Type: abi.Text, Text: s.env.Stage}))
}

// reconfigure gives the instance new parameters, if they are hot and it takes them; otherwise there is another one, which is restored.
func (s *stage) reconfigure(hot bool) error {
	i := s.guest.instance
	if hot && i.Configurable() {
		i.Begin(host.Call{Now: s.env.Now().UnixMicro(), Watermark: s.watermark()})
		err := i.Configure(s.guest.settings)
		if err == nil {
			return nil
		}
		fault, err := s.blamed(err)
		if err != nil {
			return err
		}
		s.logger.Warn("the module does not take the new parameters while it runs, so it is opened with them anew", "error", fault)
	}
	if _, err := s.takeSnapshot(); err != nil {
		return err
	}
	if s.guest.instance != nil {
		s.guest.discard()
	}
	return nil
}
