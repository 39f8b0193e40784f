package host

import "time"

// maxGap is how much of the time between two looks at the clock counts.
const maxGap = 10 * time.Millisecond

// tick looks at the clock, and ends the call where its time is over.
func (i *Instance) tick() {
	now := time.Now()
	if !i.seen.IsZero() {
		i.spent += min(now.Sub(i.seen), maxGap)
	}
	i.seen = now
	if i.spent > i.allowed {
		panic(Faultf(Timeout, "the module took longer than %v: raise %s, or give it less to do at a time", i.allowed, i.limit))
	}
}

// count counts a call of the host, or work that costs as much as several.
func (i *Instance) count(n int) {
	before := i.calls / 256
	i.calls += n
	if i.calls > i.limits.Calls {
		panic(Faultf(Limit, "the module called the host more than %d times in a call: raise limits.calls", i.limits.Calls))
	}
	if i.calls/256 != before {
		i.tick()
	}
}
