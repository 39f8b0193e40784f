package nats

import (
	"sync"
)

// progress is how far a partition is read, handed over and acknowledged.
type progress struct {
	acknowledge func(acked []ackedRange) // tells the server; nil where it does not keep track

	mu      sync.Mutex
	epoch   int    // grows with each rewind: answers of an older one are stale
	handed  place  // after what was handed over
	before  place  // what handed was before the last delivery
	number  uint64 // by which the consumer delivered the last of that; unknown while it is made again
	acked   place  // after what is acknowledged
	stored  place  // what of that is committed
	scanned uint64 // a record up to which there is nothing beyond acked
	noted   uint64 // what of that is committed
	waiting int    // deliveries without an answer
	waits   []ackedRange
	nacked  error // a delivery was refused: what follows it is to come again
	kick    chan struct{}
}

// ackedRange is what the server needs to know of an acknowledged delivery.
type ackedRange struct {
	made  int64    // by which of the consumers it came
	reply string   // of the last record
	seqs  []uint64 // of all records, where each is acknowledged by itself
}

// newProgress begins at a place; fresh says that the group is not known to be there.
func newProgress(at place, scanned uint64, fresh bool, kick chan struct{}) *progress {
	p := &progress{handed: at, acked: at, stored: at, scanned: max(scanned, at.seq), kick: kick}
	p.noted = p.scanned
	if fresh {
		p.stored = place{}
	}
	return p
}

// unknown is the number of a delivery of a consumer that is not there any more.
const unknown = ^uint64(0)

// opened says that a consumer begins behind what was handed over.
func (p *progress) opened() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number = 0
}

// skip notes that a consumer has delivered something that is nobody's.
func (p *progress) skip(number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number = number
}

// hand notes a delivery that ends at a place, with the number by which the consumer
// delivered its last record, and returns how it is answered.
func (p *progress) hand(at place, number uint64, r ackedRange) (ack func(), nack func(error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting++
	p.before, p.handed, p.number = p.handed, at, number
	epoch := p.epoch
	return func() { p.ack(epoch, at, r) }, func(err error) { p.refuse(epoch, err) }
}

// unhand takes back the last delivery, which was not taken: what the consumer has delivered is then
// more than what was handed over, until it is made again.
func (p *progress) unhand() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
	p.handed, p.number = p.before, unknown
}

// ack is called in the order of delivery.
func (p *progress) ack(epoch int, at place, r ackedRange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if epoch != p.epoch {
		return
	}
	p.waiting--
	if p.nacked != nil {
		return
	}
	p.acked = at
	p.scanned = max(p.scanned, at.seq)
	if p.acknowledge != nil {
		p.waits = append(p.waits, r)
	}
}

func (p *progress) refuse(epoch int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if epoch != p.epoch {
		return
	}
	p.waiting--
	if p.nacked == nil {
		p.nacked = err
		wake(p.kick)
	}
}

// rewound returns, once, that what follows the acknowledged records is to come again.
func (p *progress) rewound() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nacked == nil {
		return false
	}
	p.nacked = nil
	p.epoch++
	p.waiting, p.number = 0, unknown
	p.handed = p.acked
	return true
}

// next returns where to go on reading, and up to where there is nothing beyond that.
func (p *progress) next() (at place, scanned uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting > 0 || p.scanned < p.handed.seq {
		return p.handed, p.handed.seq
	}
	return p.handed, p.scanned
}

// isCommitted reports whether a record is known to be committed.
func (p *progress) isCommitted(seq uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return seq <= p.stored.seq
}

// begun says where the server has let a reader begin that knew no place.
func (p *progress) begun(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed, p.acked, p.scanned = at, at, at.seq
}

// restart makes the partition begin anew at a place, of another stream.
func (p *progress) restart(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch++
	p.waiting, p.number = 0, unknown
	p.handed, p.acked, p.scanned, p.noted = at, at, at.seq, at.seq
	p.waits = nil
}

// committable returns what may be committed now.
func (p *progress) committable() (at place, scanned uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked, p.scanned
}

// confirm says that a place is committed.
func (p *progress) confirm(at place) {
	p.mu.Lock()
	p.stored = at
	p.noted = max(p.noted, p.scanned)
	waits := p.waits
	p.waits = nil
	p.mu.Unlock()
	if len(waits) > 0 {
		p.acknowledge(waits)
	}
}

// dirty reports whether something is to be committed.
func (p *progress) dirty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked != p.stored
}

// answered reports whether nothing waits for an answer.
func (p *progress) answered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting == 0
}

// idle notes that there is nothing for the group up to a record, if all that the consumer has
// delivered, up to a number, is acknowledged.
func (p *progress) idle(number, upTo uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == 0 && p.number == number && p.nacked == nil {
		p.scanned = max(p.scanned, upTo)
	}
}

// behind returns how many records were delivered and not handed over, of those up to a
// number.
func (p *progress) behind(number uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.number == unknown || p.number > number {
		return 0
	}
	return number - p.number
}
