package remote

import "sync"

// joined makes one answer of those to the two halves of a write. It is safe for concurrent use.
type joined struct {
	first    int // rows of the first half
	answered func(answer)

	mu    sync.Mutex
	parts [2]answer
	n     int
}

// add takes the answer to a half.
func (j *joined) add(half int, a answer) {
	j.mu.Lock()
	j.parts[half] = a
	j.n++
	all := j.n == len(j.parts)
	j.mu.Unlock()
	if !all {
		return
	}
	whole, second := j.parts[0], j.parts[1]
	if whole.err == nil {
		whole.failures = append(whole.failures, second.failures...)
		whole.done, whole.err = j.first+second.done, second.err
	}
	j.answered(whole)
}

// failed returns the error of the first half, where it has that already.
func (j *joined) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.parts[0].err
}
