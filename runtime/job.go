package runtime

import (
	"sync"

	"github.com/onstream/onstream/plugins"
)

// job is one batch on its way through one chain, and what left the chain. The
// engine's valve counts it until it is passed on.
type job struct {
	delivery *delivery
	batch    *plugins.Batch
	task     *task // nil in lanes and after sinks, where one goroutine keeps the order
	ran      bool  // under task.mu
	outs     []parcel
	version  *topology
	failed   error // the pipeline is to stop
}

// jobPool keeps jobs for reuse.
type jobPool struct{ pool sync.Pool }

func (p *jobPool) get() *job {
	if j, ok := p.pool.Get().(*job); ok {
		return j
	}
	return new(job)
}

func (p *jobPool) put(j *job) { p.pool.Put(j) }

// parcel is a batch for another goroutine. It holds a reference of its
// delivery and, on its way to a lane, is counted by the valve.
type parcel struct {
	to       *queue
	batch    *plugins.Batch
	delivery *delivery
	entry    int   // of the lane's chain
	number   int64 // in the outbox of the sink
	counters *counters
}

// send adds a parcel to what leaves the chain. The records are held by the
// stage from now on.
func (j *job) send(to *queue, b *plugins.Batch, entry int, c *counters) {
	j.delivery.retain()
	if to.valve != nil {
		to.valve.add()
	}
	c.held.Add(int64(len(b.Sel)))
	j.outs = append(j.outs, parcel{to: to, batch: b, delivery: j.delivery, entry: entry, counters: c})
}

// passOn puts the parcels into their queues, waiting for space, and finishes
// the job.
func (j *job) passOn() {
	for i, p := range j.outs {
		if err := p.to.put(p); err != nil {
			p.discard(err)
		}
		j.outs[i] = parcel{}
	}
	j.outs = j.outs[:0]
	d, v, failed := j.delivery, j.version, j.failed
	j.batch.Release()
	*j = job{outs: j.outs}
	e := v.engine
	e.jobs.put(j)
	d.release(failed)
	v.running.done()
	e.valve.done()
}

// discard gives up a parcel that the pipeline had no time left for.
func (p parcel) discard(err error) {
	p.to.forget(p.number, err)
	p.batch.Release()
	p.delivery.release(err)
	if p.to.valve != nil {
		p.to.valve.done()
	}
}
