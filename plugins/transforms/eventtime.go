package transforms

import (
	"fmt"
	"math"
	"time"

	"github.com/onstream/onstream/plugins"
)

// eventTimeAttrs are the attributes of all kinds that know time. Typ is that
// of the attribute time: [plugins.AttrExpr], or [plugins.AttrPortExprs] for
// kinds with several inputs.
func eventTimeAttrs(typ plugins.AttrType) []plugins.Attr {
	return []plugins.Attr{
		{Name: "time", Type: typ, Want: plugins.Of(plugins.Time), Doc: "When what the record tells has happened. Required unless clock is processing."},
		{Name: "clock", Type: plugins.AttrString, Default: "event", Enum: []string{"event", "processing"}, Doc: "Which time counts: that of the records (event), which gives the same result for recorded data as for live data, or that of the pipeline's clock when they come (processing)."},
		{Name: "max_ahead", Type: plugins.AttrDuration, Default: time.Hour, Min: plugins.Bound(0), Doc: "How far the time of a record may be ahead of the pipeline's clock. One further ahead fails with the code clock_ahead, and is never taken for the time."},
	}
}

// lateAttrs are the attributes, besides those of eventTimeAttrs, of kinds that
// wait for the records of a key that are still under way; idle is one of the
// two below.
func lateAttrs(idle plugins.Attr) []plugins.Attr {
	return []plugins.Attr{
		{Name: "lateness", Type: plugins.AttrDuration, Default: time.Duration(0), Min: plugins.Bound(0), Doc: "How much older than the latest record of its key a record may be. So long results wait for it."},
		idle,
		{Name: "timeout", Type: plugins.AttrDuration, Min: plugins.Bound(1e-3), Doc: "How long nothing may come from a key, by the pipeline's clock, before it counts as ended and what is open is emitted. Unless given, that never happens."},
	}
}

// idleAttr is for kinds that look at the other keys unless told not to.
func idleAttr() plugins.Attr {
	return plugins.Attr{
		Name: "idle", Type: plugins.AttrDuration, Default: time.Minute, Min: plugins.Bound(1e-3),
		Doc: "By how much the time of the other keys has to go on before it moves that of a silent key, so that its results do not wait for ever. The others are those of the same lane, of which there is one for each processor, and two of them have to go on: a key that is alone in its lane is not moved.",
	}
}

// optionalIdleAttr is for kinds that look at the other keys only if told to: a
// result that comes too early is wrong.
func optionalIdleAttr() plugins.Attr {
	idle := idleAttr()
	idle.Default = nil
	idle.Doc += " Unless given, the others do not matter: then it makes no difference in which order the files of several devices are read."
	return idle
}

// never is a time that no key is silent for, in nanoseconds, small enough to
// be added to.
const never = int64(1) << 62

// idleOf returns how far the others have to go on before they move the time of
// a silent key.
func idleOf(c plugins.Config) int64 {
	if !c.Has("idle") {
		return never
	}
	return int64(c.Duration("idle"))
}

// checkEventTime finds attributes about time that do not go together.
func checkEventTime(c plugins.Config) error {
	processing := c.String("clock") == "processing"
	switch {
	case processing && c.Has("time"):
		return plugins.ConfigErrorf("time", "the pipeline's clock tells the time here: remove time, or clock = \"processing\"")
	case !processing && !c.Has("time"):
		return plugins.ConfigErrorf("", "it is not known when records have happened: give time = event.FIELD, or clock = \"processing\" for the time at which they come")
	}
	return nil
}

// eventTime tells the times of records.
type eventTime struct {
	eval     plugins.Evaluator // nil for the pipeline's clock
	at       string
	maxAhead time.Duration
	times    []int64
	// Earlier and later records fail: of them the stage could not tell the
	// times that come with theirs, such as the end of their window.
	first, last int64
}

// newEventTime returns what tells the times of the records of an input: expr
// is its time, nil for the pipeline's clock.
func newEventTime(expr plugins.Expr, c plugins.Config, env plugins.Env) *eventTime {
	t := &eventTime{maxAhead: c.Duration("max_ahead"), first: math.MinInt64 + 1, last: plugins.Never - 1}
	if expr != nil {
		t.eval, t.at = expr.Evaluator(env), expr.Range()
	}
	return t
}

// of returns the times of the selected rows, by row, ns since 1970, valid
// until its next call. Rows without a time, or with one too far ahead, are
// failed and dropped from b.Sel. Wall is the time of the pipeline's clock.
func (t *eventTime) of(b *plugins.Batch, wall int64) []int64 {
	if t.eval == nil {
		t.resize(b.Len)
		for _, i := range b.Sel {
			t.times[i] = wall
		}
		t.check(b, t.times, wall)
		return t.times
	}
	col := t.eval.Eval(b)
	times := col.Ints
	if col.Kind != plugins.Time || col.Nulls != nil {
		t.resize(b.Len)
		times = t.times
		for _, i := range b.Sel {
			switch k := kindOf(col, i); {
			case col.IsNull(i):
				b.Fail(i, plugins.Failure{Code: "null", Msg: "the record has no time: drop it before, or give it one with default(x, y)", Expr: t.at})
			case k != plugins.Time:
				b.Fail(i, plugins.Failure{Code: "type", Msg: fmt.Sprintf("the time is of type %s, not time: declare the field as time in a schema", k), Expr: t.at})
			default:
				times[i] = col.Ints[i]
			}
		}
		b.DropFailed()
	}
	t.check(b, times, later(wall, int64(t.maxAhead)))
	return times
}

// check fails the selected rows whose times are after a limit, or not from first
// to last.
func (t *eventTime) check(b *plugins.Batch, times []int64, limit int64) {
	last := min(limit, t.last)
	for _, i := range b.Sel {
		if at := times[i]; at < t.first || at > last {
			b.Fail(i, t.failure(at, at > limit))
		}
	}
	b.DropFailed()
}

func (t *eventTime) failure(at int64, ahead bool) plugins.Failure {
	text := func(at int64) string { return time.Unix(0, at).UTC().Format(time.RFC3339) }
	if ahead {
		return plugins.Failure{
			Code: "clock_ahead", Expr: t.at,
			Msg: fmt.Sprintf("the time %s is more than %v ahead of the pipeline's clock: set the clock of the device, or raise max_ahead", text(at), t.maxAhead),
		}
	}
	return plugins.Failure{
		Code: "time_range", Expr: t.at,
		Msg: fmt.Sprintf("the time %s is not from %s to %s, so times that come with it, such as the end of its window, cannot be told: correct it, or shorten what the stage waits for",
			text(at), text(t.first), text(t.last)),
	}
}

func (t *eventTime) resize(n int) {
	if cap(t.times) < n {
		t.times = make([]int64, n)
	}
	t.times = t.times[:n]
}
