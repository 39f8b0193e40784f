package modbus

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/onstream/onstream/plugins"
)

// firstBackoff is the wait before the second attempt to reach a device; each further one is twice as long.
const firstBackoff = 100 * time.Millisecond

// What a source measures of itself.
const (
	overrunsMetric   = "device_overruns"   // polls that were left out because one took too long
	exceptionsMetric = "device_exceptions" // registers that were asked for and not had
	outagesMetric    = "device_outages"
	connectedMetric  = "device_connected" // 1 or 0
)

// source polls one device.
type source struct {
	address   string
	place     string // of the device, for people and as its partition
	name      string
	unit      uint8
	interval  time.Duration
	timeout   time.Duration
	most      time.Duration // between attempts
	gap       int
	registers []register
	env       plugins.Env

	device   *device // nil while there is no connection
	away     bool
	alone    map[int]bool   // registers that are not to be asked for together with others
	replan   bool           // before the next poll
	requests []request      // of a poll
	failing  map[int]string // what was logged of registers that fail

	overruns, exceptions, outages, connected *plugins.Metric
}

var _ plugins.Source = (*source)(nil)

func newSource(c plugins.Config, env plugins.Env) (plugins.Source, error) {
	address, err := addressOf(c)
	if err != nil {
		return nil, err
	}
	registers, err := registersOf(c)
	if err != nil {
		return nil, err
	}
	s := &source{
		address: address, place: address + "/" + strconv.FormatInt(c.Int("unit"), 10), name: c.String("device"), unit: uint8(c.Int("unit")),
		interval: c.Duration("interval"), timeout: c.Duration("timeout"), most: max(c.Duration("max_backoff"), firstBackoff),
		gap: int(c.Int("max_gap")), registers: registers, env: env,
		overruns:   env.Metrics.Define(plugins.Counter, overrunsMetric),
		exceptions: env.Metrics.Define(plugins.Counter, exceptionsMetric),
		outages:    env.Metrics.Define(plugins.Counter, outagesMetric),
		connected:  env.Metrics.Define(plugins.Gauge, connectedMetric),
	}
	if s.name == "" {
		s.name = s.place
	}
	return s, nil
}

// Run implements [plugins.Source]. It ends at the latest when the request that is under way has its answer or its timeout.
func (s *source) Run(ctx context.Context, out plugins.Outlet) error {
	defer s.disconnect()
	next := s.env.Now()
	for attempt := 0; ; {
		if err := s.env.Wait(ctx, next.Sub(s.env.Now())); err != nil {
			return err
		}
		began := s.env.Now()
		if err := s.poll(ctx); err != nil {
			s.lost(err)
			attempt++
			if err := s.env.Wait(ctx, s.backoff(attempt)); err != nil {
				return err
			}
			next = s.env.Now()
			continue
		}
		attempt = 0
		s.reached()
		if err := s.hand(ctx, began, out); err != nil {
			return err
		}
		next = s.after(next)
	}
}

// after returns when the poll behind the one of a time is due. Polls whose time is over are left out, but for the last.
func (s *source) after(last time.Time) time.Time {
	next := last.Add(s.interval)
	late := s.env.Now().Sub(next) / s.interval
	if late <= 0 {
		return next
	}
	if s.overruns.Value() == 0 {
		s.env.Logger.Warn("polls are left out: one takes longer than the interval", "device", s.place, "interval", s.interval)
	}
	s.overruns.Record(float64(late))
	return next.Add(late * s.interval)
}

// backoff returns the wait after a number of attempts in vain. Chance keeps those who lost the same network from coming back together.
func (s *source) backoff(attempts int) time.Duration {
	d := firstBackoff
	for range min(attempts-1, 30) {
		d = min(2*d, s.most)
	}
	return d/2 + rand.N(d/2+1)
}

// poll has the device's registers in requests, or an error that is about the connection.
func (s *source) poll(ctx context.Context) error {
	if s.device == nil {
		d, err := dial(s.address, s.unit, s.timeout, s.env.Logger)
		if err != nil {
			return err
		}
		s.device, s.alone, s.replan = d, map[int]bool{}, true
	}
	suspects, err := s.ask(ctx)
	if err != nil || suspects == nil {
		return err
	}
	// One of some that were asked for together makes the device refuse them all. Now each is asked for alone, and those that are had may
	// be asked for together from then on. Where all are had, it was what lies between them.
	for _, i := range suspects {
		s.alone[i] = true
	}
	s.replan = true
	if _, err := s.ask(ctx); err != nil {
		return err
	}
	failed := map[int]bool{}
	for _, q := range s.requests {
		failed[q.registers[0]] = q.err != nil
	}
	if slices.ContainsFunc(suspects, func(i int) bool { return failed[i] }) {
		for _, i := range suspects {
			s.alone[i] = failed[i]
		}
		s.replan = true
	}
	return nil
}

// ask makes the requests of a poll. It returns the registers of those that may be had alone.
func (s *source) ask(ctx context.Context) (suspects []int, err error) {
	if s.replan {
		s.requests, s.replan = requests(s.registers, s.gap, s.alone), false
	}
	for i := range s.requests {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		q := &s.requests[i]
		if q.words, q.err = s.device.read(*q); q.err == nil {
			continue
		}
		if _, answered := exceptionOf(q.err); !answered {
			return nil, q.err
		}
		if len(q.registers) > 1 && dividable(q.err) {
			suspects = append(suspects, q.registers...)
		}
	}
	return suspects, nil
}

// lost notes that the connection is of no more use.
func (s *source) lost(err error) {
	s.disconnect()
	if s.away {
		return
	}
	s.away = true
	s.outages.Record(1)
	s.env.Logger.Warn("the device cannot be reached: it is tried again until it can", "device", s.place, "error", err)
}

// reached notes that the device answers.
func (s *source) reached() {
	s.connected.Record(1)
	if s.away {
		s.away = false
		s.env.Logger.Info("the device is reached", "device", s.place)
	}
}

func (s *source) disconnect() {
	s.connected.Record(0)
	if s.device != nil {
		s.device.close()
		s.device = nil
	}
}

// tell logs once that a register fails, and once that it does not any more.
func (s *source) tell(i int, why string) {
	if why != "" {
		s.exceptions.Record(1)
	}
	if s.failing[i] == why {
		return
	}
	if s.failing == nil {
		s.failing = map[int]string{}
	}
	s.failing[i] = why
	level, msg := slog.LevelWarn, "a register cannot be read: it is null until it can"
	if why == "" {
		level, msg = slog.LevelInfo, "a register is read again"
	}
	s.env.Logger.Log(context.Background(), level, msg, "device", s.place, "register", s.registers[i].name, "why", why)
}
