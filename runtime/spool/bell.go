package spool

// bell wakes who waits for a change, also one that waits for a context. It is
// used under the lock of what changes.
type bell struct{ ring chan struct{} }

// wait returns what is closed at the next change.
func (b *bell) wait() <-chan struct{} {
	if b.ring == nil {
		b.ring = make(chan struct{})
	}
	return b.ring
}

// strike wakes all who wait.
func (b *bell) strike() {
	if b.ring != nil {
		close(b.ring)
		b.ring = nil
	}
}
