package remote

import (
	"io"
	"os"
	"sync"
	"time"
)

// watchHost calls gone, once, when the host is not there any more: its end of standard input is closed, or the process has another parent. The
// host writes nothing there. What is returned ends the watch of the parent; that of the input ends with the process.
func watchHost(stdin *os.File, gone func(why string)) (stop func()) {
	var once sync.Once
	say := func(why string) { once.Do(func() { gone(why) }) }
	if info, err := stdin.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		go func() {
			_, _ = io.Copy(io.Discard, stdin) // why it ended does not matter
			say("its host has closed standard input")
		}()
	}
	parent, done := os.Getppid(), make(chan struct{})
	go func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if os.Getppid() != parent {
					say("its host has ended")
					return
				}
			}
		}
	}()
	return func() { close(done) }
}
