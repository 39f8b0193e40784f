package plugintest

import (
	"testing"
	"time"
)

// patience is how long something may take that is to happen: two minutes, unless the
// test itself knows better.
func patience(t testing.TB) time.Duration {
	if own, is := t.(interface{ patience() time.Duration }); is {
		return own.patience()
	}
	return 2 * time.Minute
}

// quiet is how long nothing may happen until it is taken for granted that nothing will. A check
// that could only pass because it waits too short a time finds less on a slow machine; it does not fail.
const quiet = 30 * time.Millisecond

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience(t)); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v, it is still not so that %s", patience(t), what)
		}
	}
}

// settled waits until a number has not grown for a while, or has grown for long, and returns it.
func settled(n func() int) int {
	last, since := n(), time.Now()
	for end := time.Now().Add(10 * quiet); time.Since(since) < quiet && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		if now := n(); now != last {
			last, since = now, time.Now()
		}
	}
	return last
}

// returns fails the test where a call does not return in time. The call goes on then.
func returns(t testing.TB, what string, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
	case <-time.After(patience(t)):
		t.Fatalf("%s has not returned after %v", what, patience(t))
	}
}
