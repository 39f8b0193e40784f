// Package simulator is an OPC UA server that needs no machine: for tests, and to try a pipeline.
package simulator

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/gopcua/opcua/server"
	"github.com/gopcua/opcua/ua"
)

// Config says what a server is like. The zero value is one at a free port of this machine that everybody may read.
type Config struct {
	Address string // host:port; "" is a free port of 127.0.0.1
	// Others are further addresses at which people reach it: a server says nothing about itself to those who call it otherwise.
	Others []string
	// Policy is what the server says that it protects messages with, as in "Basic256Sha256"; "" for nothing. It needs the certificate, in DER, and
	// its key. The library's server does not decrypt what comes then: nobody can log on.
	Policy      string
	Certificate []byte
	Key         *rsa.PrivateKey
}

// Server has nodes in namespace 1. It is safe for concurrent use.
type Server struct {
	server *server.Server
	nodes  *server.NodeNameSpace
	url    string
	stop   context.CancelFunc

	mu     sync.Mutex
	values map[string]*ua.DataValue
}

// Start returns a server that listens.
func Start(c Config) (*Server, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	host, port, err := parse(c.Address)
	if err != nil {
		return nil, err
	}
	if port != 0 {
		return listen(c, host, port)
	}
	// The server does not tell which port it was given. One that is free may be taken before it listens.
	for attempt := 0; ; attempt++ {
		if port, err = free(host); err != nil {
			return nil, err
		}
		if s, err := listen(c, host, port); err == nil || attempt == 9 {
			return s, err
		}
	}
}

func listen(c Config, host string, port int) (*Server, error) {
	mode := ua.MessageSecurityModeNone
	if c.Policy == "" {
		c.Policy = "None"
	} else {
		mode = ua.MessageSecurityModeSignAndEncrypt
	}
	options := []server.Option{server.EndPoint(host, port), server.EnableSecurity(c.Policy, mode), server.EnableAuthMode(ua.UserTokenTypeAnonymous), server.ServerName("onstream simulator")}
	for _, other := range c.Others {
		host, port, err := parse(other)
		if err != nil {
			return nil, err
		}
		options = append(options, server.EndPoint(host, port))
	}
	if c.Certificate != nil {
		options = append(options, server.Certificate(c.Certificate), server.PrivateKey(c.Key))
	}
	s := &Server{server: server.New(options...), url: fmt.Sprintf("opc.tcp://%s", net.JoinHostPort(host, strconv.Itoa(port))), values: map[string]*ua.DataValue{}}
	s.nodes = server.NewNodeNameSpace(s.server, "urn:onstream:simulator")
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := s.server.Start(ctx); err != nil {
		cancel()
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	return s, nil
}

func parse(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	return host, port, err
}

// free returns a port that nobody listens at now.
func free(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// Endpoint is where the server is.
func (s *Server) Endpoint() string { return s.url }

// Stop ends the server, and cuts its connections.
func (s *Server) Stop() error {
	defer s.stop()
	return s.server.Close()
}

// Set gives the node ns=1;s=NAME a value, measured now and good, and makes the node where there is none.
func (s *Server) Set(name string, value any) {
	s.SetData(name, &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(value)})
}

// SetData gives a node a value with its status, measured now.
func (s *Server) SetData(name string, d *ua.DataValue) {
	d.EncodingMask |= ua.DataValueStatusCode | ua.DataValueSourceTimestamp | ua.DataValueServerTimestamp
	d.SourceTimestamp = time.Now().UTC()
	d.ServerTimestamp = d.SourceTimestamp
	s.mu.Lock()
	_, there := s.values[name]
	s.values[name] = d
	s.mu.Unlock()
	id := ua.NewStringNodeID(s.nodes.ID(), name)
	if !there {
		s.nodes.AddNode(server.NewVariableNode(id, name, func() *ua.DataValue { return s.value(name) }))
		return
	}
	s.server.ChangeNotification(id)
}

func (s *Server) value(name string) *ua.DataValue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[name]
}
