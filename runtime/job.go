package runtime

import "github.com/onstream/onstream/plugins"

// job is one batch on its way through one chain, and what left the chain.
type job struct {
	delivery *delivery
	batch    *plugins.Batch
	task     *task // nil in lanes and after sinks, where one goroutine keeps the order
	ran      bool  // under task.mu
	outs     []parcel
	version  *topology
	failed   error // the pipeline is to stop
}

// parcel is a batch for another goroutine. It holds a reference of its
// delivery.
type parcel struct {
	to       *queue
	batch    *plugins.Batch
	delivery *delivery
	entry    int // of the lane's chain
	counters *counters
}

// send adds a parcel to what leaves the chain. The records are held by the
// stage from now on.
func (j *job) send(to *queue, b *plugins.Batch, entry int, c *counters) {
	j.delivery.retain()
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
	v.jobs.put(j)
	d.release(failed)
	v.running.done()
}

// discard gives up a parcel that the pipeline had no time left for.
func (p parcel) discard(err error) {
	p.batch.Release()
	p.delivery.release(err)
}
