package mongo_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// peer speaks the wire protocol of MongoDB over real connections, and answers what a test says: what no server that can be
// had does when it is asked to.
type peer struct {
	Addr string

	answers answers
	mu      sync.Mutex
	conns   map[net.Conn]bool
	serving sync.WaitGroup
	end     context.Context
}

// answers are what a peer says to commands, by their name. A nil document hangs up. What is not there is answered by
// {ok: 1}, but for hello and what goes with it.
type answers map[string]func(c call) bson.D

// call is a command.
type call struct {
	ctx  context.Context // ends with the peer
	Name string
	Body bson.Raw // with the documents of sequences put in as arrays
}

// newPeer returns a peer that listens until the test ends.
func newPeer(t testing.TB, a answers) *peer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return servePeer(t, l, a)
}

func servePeer(t testing.TB, l net.Listener, a answers) *peer {
	end, stop := context.WithCancel(context.Background())
	p := &peer{Addr: l.Addr().String(), answers: a, conns: map[net.Conn]bool{}, end: end}
	p.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns[c] = true
			p.mu.Unlock()
			p.serving.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		stop()
		_ = l.Close()
		p.cut()
		p.serving.Wait()
	})
	return p
}

// cut ends all connections.
func (p *peer) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *peer) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
	}()
	for {
		id, op, body, err := readMessage(c)
		if err != nil {
			return
		}
		var raw bson.Raw
		var more bool
		switch op {
		case opQuery:
			raw = legacyQuery(body)
		case opMsg:
			raw, more, err = message(body)
		default:
			err = errors.New("unknown operation")
		}
		if err != nil {
			return
		}
		answer := p.answer(raw)
		if answer == nil {
			return
		}
		if more {
			continue
		}
		text, err := bson.Marshal(answer)
		if err != nil {
			panic(err)
		}
		if _, err := c.Write(reply(id, op, text)); err != nil {
			return
		}
	}
}

func (p *peer) answer(raw bson.Raw) bson.D {
	elems, err := raw.Elements()
	if err != nil || len(elems) == 0 {
		return nil
	}
	name := elems[0].Key()
	if f := p.answers[name]; f != nil {
		return f(call{p.end, name, raw})
	}
	switch name {
	case "hello", "isMaster", "ismaster":
		return p.hello()
	}
	return bson.D{{Key: "ok", Value: 1}}
}

// hello is what the primary of a replica set says, which the peer is alone.
func (p *peer) hello() bson.D {
	return bson.D{
		{Key: "ok", Value: 1}, {Key: "helloOk", Value: true}, {Key: "ismaster", Value: true}, {Key: "isWritablePrimary", Value: true},
		{Key: "setName", Value: "rs0"}, {Key: "setVersion", Value: 1}, {Key: "hosts", Value: bson.A{p.Addr}}, {Key: "me", Value: p.Addr}, {Key: "primary", Value: p.Addr},
		{Key: "maxBsonObjectSize", Value: 16 << 20}, {Key: "maxMessageSizeBytes", Value: 48000000}, {Key: "maxWriteBatchSize", Value: 100000},
		{Key: "localTime", Value: time.Now()}, {Key: "logicalSessionTimeoutMinutes", Value: 30}, {Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: 25},
	}
}

// failure is what a server says that does not do what it was asked to.
func failure(code int, name, text string, labels ...string) bson.D {
	d := bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: code}, {Key: "codeName", Value: name}, {Key: "errmsg", Value: text}}
	if len(labels) > 0 {
		d = append(d, bson.E{Key: "errorLabels", Value: labels})
	}
	return d
}

// page is the answer with documents of a cursor; id 0 says that there are no more.
func page(first bool, id int64, ns string, docs []bson.D, more ...bson.E) bson.D {
	name := "nextBatch"
	if first {
		name = "firstBatch"
	}
	if docs == nil {
		docs = []bson.D{}
	}
	cursor := append(bson.D{{Key: name, Value: docs}, {Key: "id", Value: id}, {Key: "ns", Value: ns}}, more...)
	return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: cursor}}
}

// lookup returns a value of the command, which is to be there.
func (c call) lookup(path ...string) bson.RawValue { return c.Body.Lookup(path...) }

// Operations of the wire protocol.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

func readMessage(c net.Conn) (id, op uint32, body []byte, err error) {
	var head [16]byte
	if _, err = io.ReadFull(c, head[:]); err != nil {
		return 0, 0, nil, err
	}
	size := binary.LittleEndian.Uint32(head[0:])
	if size < 16 || size > 48<<20 {
		return 0, 0, nil, errors.New("a message of that size")
	}
	body = make([]byte, size-16)
	_, err = io.ReadFull(c, body)
	return binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[12:]), body, err
}

// legacyQuery returns the document of an OP_QUERY: flags, name, skip and limit are before it.
func legacyQuery(body []byte) bson.Raw {
	at := 4 + slices.Index(body[4:], 0) + 1 + 8
	return bson.Raw(body[at:])
}

// message returns the body of an OP_MSG, with its sequences of documents.
func message(b []byte) (_ bson.Raw, moreToCome bool, err error) {
	flags := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if flags&1 != 0 {
		return nil, false, errors.New("a checksum")
	}
	var doc bson.D
	for len(b) > 0 {
		kind := b[0]
		size := binary.LittleEndian.Uint32(b[1:])
		section := b[1 : 1+size]
		b = b[1+size:]
		if kind == 0 {
			var body bson.D
			if err := bson.Unmarshal(section, &body); err != nil {
				return nil, false, err
			}
			doc = append(body, doc...)
			continue
		}
		end := slices.Index(section[4:], 0)
		name, rest := string(section[4:4+end]), section[4+end+1:]
		all := bson.A{}
		for len(rest) > 0 {
			n := binary.LittleEndian.Uint32(rest)
			all = append(all, bson.Raw(rest[:n]))
			rest = rest[n:]
		}
		doc = append(doc, bson.E{Key: name, Value: all})
	}
	raw, err := bson.Marshal(doc)
	return raw, flags&2 != 0, err
}

func reply(to, op uint32, doc []byte) []byte {
	m := make([]byte, 16, 64+len(doc))
	binary.LittleEndian.PutUint32(m[8:], to)
	if op == opQuery {
		binary.LittleEndian.PutUint32(m[12:], opReply)
		m = append(m, 8, 0, 0, 0)          // flags: it awaits
		m = append(m, make([]byte, 12)...) // cursor, start
		m = append(m, 1, 0, 0, 0)          // documents
	} else {
		binary.LittleEndian.PutUint32(m[12:], opMsg)
		m = append(m, 0, 0, 0, 0, 0) // flags, a body
	}
	m = append(m, doc...)
	binary.LittleEndian.PutUint32(m, uint32(len(m)))
	return m
}
