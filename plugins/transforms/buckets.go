package transforms

// buckets are token buckets by key, in the form of the generic cell rate
// algorithm (ITU-T I.371): of each bucket it keeps only the time at which it
// will be full again. Times are in nanoseconds.
type buckets struct {
	interval float64 // between records at the steady rate
	slack    float64 // how far ahead of that rate a key may be
	limit    int     // of keys
	byKey    map[string]*bucket
}

type bucket struct{ full float64 }

// take asks for one record to pass and returns when it may: now, or later.
// The record is counted if it may pass now, or if reserve is set.
func (b *buckets) take(key []byte, now float64, reserve bool) float64 {
	k := b.byKey[string(key)]
	if k == nil {
		if len(b.byKey) >= b.limit {
			b.evict(now)
		}
		k = &bucket{full: now}
		b.byKey[string(key)] = k
	}
	full := max(k.full, now)
	due := max(now, full-b.slack)
	if due == now || reserve {
		k.full = full + b.interval
	}
	return due
}

// evict makes room: it forgets the buckets that are full, which loses nothing,
// and if there are none a part of the others, so that it is not back at once.
func (b *buckets) evict(now float64) {
	before := len(b.byKey)
	for key, k := range b.byKey {
		if k.full <= now {
			delete(b.byKey, key)
		}
	}
	if len(b.byKey) < before {
		return
	}
	surplus := before/16 + 1
	for key := range b.byKey {
		delete(b.byKey, key)
		if surplus--; surplus == 0 {
			return
		}
	}
}
