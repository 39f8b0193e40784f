package mqtt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// link is one connection to the broker, from the handshake to its end.
type link struct {
	*wire
	welcome
	v5       bool
	clientID string
	settings *settings
	left     chan struct{} // closed when the link is over
}

// connect makes a connection. It is given up when ctx ends, or within the time that
// an attempt may take.
func (s *settings) connect(ctx context.Context, g greeting) (*link, error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	secure, err := connectors.TLSOf(s.config)
	if err != nil {
		return nil, err
	}
	conn, err := s.endpoint.dial(limited, secure, s.timeout)
	if err != nil {
		return nil, s.unreachable(s.inTime(ctx, limited, err))
	}
	l := &link{wire: newWire(conn, s.maxPacket), v5: s.v5, clientID: g.clientID, settings: s, left: make(chan struct{})}
	stop := context.AfterFunc(limited, func() { l.close(limited.Err()) })
	err = l.greet(g)
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		l.close(err)
		if late := s.inTime(ctx, limited, nil); late != nil {
			err = s.unreachable(late)
		}
		return nil, err
	}
	go l.keepAliveSigns()
	return l, nil
}

// inTime says that an attempt took too long, where that is what ended it.
func (s *settings) inTime(ctx, limited context.Context, err error) error {
	if ctx.Err() == nil && limited.Err() != nil {
		return fmt.Errorf("%w (%v)", errNoAnswer, s.timeout)
	}
	return err
}

var errNoAnswer = errors.New("no answer within connect_timeout")

// greet introduces the client to the broker.
func (l *link) greet(g greeting) error {
	hello, err := g.encode(l.v5)
	if err != nil {
		return fmt.Errorf("greet the broker: %w", err)
	}
	l.write(func(b []byte) []byte { return append(b, hello...) })
	p, err := l.next()
	if errors.Is(err, errAlert) {
		return plugins.Permanent(fmt.Errorf("the server speaks TLS at this port: write url = \"%ss://%s\"", l.settings.endpoint.scheme, l.settings.endpoint.host))
	}
	if err != nil {
		return l.settings.unreachable(l.why(err))
	}
	if l.welcome, err = parseConnack(p, l.v5, g); err != nil {
		return l.settings.unreachable(err)
	}
	if err := l.settings.refusal(l.welcome); err != nil {
		return err
	}
	l.silence = l.keepAlive + l.keepAlive/2
	return nil
}

// why explains an error of reading.
func (l *link) why(err error) error {
	switch {
	case l.cause() != nil:
		return l.cause()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errDropped
	}
	return err
}

// errDropped is that the broker ended a connection without a word.
var errDropped = errors.New("the broker has ended the connection and does not say why")

// serve gives each packet to handle, until the link is over, and returns why it is.
func (l *link) serve(handle func(packet) error) error {
	for {
		p, err := l.next()
		if err != nil {
			return l.why(err)
		}
		switch p.kind {
		case typePingresp:
			continue
		case typeDisconnect:
			reason, says, err := parseDisconnect(p)
			if err != nil {
				return err
			}
			return l.settings.ended(reason, says, l.clientID)
		}
		if err := handle(p); err != nil {
			return err
		}
	}
}

// keepAliveSigns asks for a sign of life when there was none for a while.
func (l *link) keepAliveSigns() {
	if l.keepAlive <= 0 {
		return
	}
	every := l.keepAlive / 2
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.ended: // of the wire
			return
		case <-l.left:
			return
		case now := <-tick.C:
			since := now.Add(-every).UnixNano()
			if l.read.Load() <= since || l.written.Load() <= since {
				l.write(appendPing)
			}
		}
	}
}

// finish says goodbye and waits for a while until the broker closes the connection: one
// that is closed from here could take what was written last away with it.
func (l *link) finish(forget bool) {
	end := time.Now().Add(patience)
	bye, err := farewell(l.v5, forget)
	if err == nil {
		l.write(func(b []byte) []byte { return append(b, bye...) })
		l.flush(patience)
	}
	timeout := time.NewTimer(time.Until(end))
	defer timeout.Stop()
	select {
	case <-l.left:
	case <-timeout.C:
	}
	l.close(errLeft)
}

// errLeft is why a link is over that was not wanted any more.
var errLeft = errors.New("the connection is not needed any more")

// patience is how long the end of a client may take.
const patience = 5 * time.Second
