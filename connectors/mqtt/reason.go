package mqtt

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Reason codes that something is done about.
const (
	reasonUnspecified    = 0x80
	reasonProtocol       = 0x82
	reasonVersion        = 0x84
	reasonClientID       = 0x85
	reasonCredentials    = 0x86
	reasonUnauthorised   = 0x87
	reasonBanned         = 0x8a
	reasonTakenOver      = 0x8e
	reasonFilter         = 0x8f
	reasonTopic          = 0x90
	reasonInUse          = 0x91
	reasonQuota          = 0x97
	reasonTooLarge       = 0x95
	reasonPayload        = 0x99
	reasonRetain         = 0x9a
	reasonQoS            = 0x9b
	reasonShares         = 0x9e
	reasonWildcards      = 0xa2
	reasonMalformed      = 0x81
	returnVersion3       = 1 // before MQTT 5
	returnClientID3      = 2
	returnUnavailable3   = 3
	returnCredentials3   = 4
	returnUnauthorised3  = 5
	connackReasonsOfMQTT = 0x80 // the least of MQTT 5
)

// reasonText says what a reason code stands for.
func reasonText(code byte) string {
	switch code {
	case reasonMalformed, reasonProtocol:
		return "the broker takes what it was sent for a mistake in the protocol"
	case reasonUnauthorised:
		return "not authorised"
	case 0x88:
		return "the server is unavailable"
	case 0x89:
		return "the server is busy"
	case reasonBanned:
		return "this client is banned"
	case 0x8b:
		return "the server shuts down"
	case 0x8d:
		return "nothing was heard from here for too long"
	case reasonTakenOver:
		return "another client has connected with the same client id"
	case reasonFilter:
		return "the server does not take such a pattern"
	case reasonTopic:
		return "the server does not take the name of the topic"
	case 0x93:
		return "more was in flight than the server takes"
	case reasonTooLarge:
		return "the packet is larger than the server takes"
	case reasonQuota:
		return "a quota is exceeded"
	case 0x98:
		return "an administrator has ended it"
	case reasonPayload:
		return "the payload is not of the format that is said"
	case reasonRetain:
		return "the server keeps no retained messages"
	case reasonQoS:
		return "the server does not take such a QoS"
	case reasonShares:
		return "the server has no shared subscriptions"
	case reasonWildcards:
		return "the server has no patterns"
	}
	return fmt.Sprintf("reason code 0x%02x", code)
}

// withWords adds what the broker says to what its code means.
func withWords(code byte, says string) string {
	if says == "" {
		return reasonText(code)
	}
	return fmt.Sprintf("%s (%s)", reasonText(code), says)
}

// refusal is why a broker does not let a client in; nil where it does.
func (s *settings) refusal(w welcome) error {
	if w.reason == 0 {
		return nil
	}
	switch w.reason {
	case reasonCredentials, returnCredentials3:
		return plugins.Permanent(fmt.Errorf("%s does not take the user name or the password: correct username and password of the connector", s.place()))
	case reasonUnauthorised, returnUnauthorised3:
		return plugins.Permanent(fmt.Errorf("%s does not let this client in: not authorised; set username and password of the connector, or allow client id %q there", s.place(), s.clientID))
	case reasonVersion, returnVersion3:
		other := "3.1.1"
		if !s.v5 {
			other = "5"
		}
		return plugins.Permanent(fmt.Errorf("%s does not speak MQTT %s: write protocol_version = %q", s.place(), s.version(), other))
	case reasonClientID, returnClientID3:
		return plugins.Permanent(fmt.Errorf("%s does not take the client id: set client_id of the connector to one that it takes", s.place()))
	case reasonBanned:
		return plugins.Permanent(fmt.Errorf("%s has banned this client: ask who runs it", s.place()))
	case reasonRetain, reasonQoS, reasonTopic:
		return plugins.Permanent(fmt.Errorf("%s does not take the will: %s; correct the block will of the connector", s.place(), withWords(w.reason, w.says)))
	case returnUnavailable3:
		return fmt.Errorf("%s: the server is unavailable", s.place())
	}
	if w.reason < connackReasonsOfMQTT {
		return fmt.Errorf("%s does not let this client in: return code %d", s.place(), w.reason)
	}
	return fmt.Errorf("%s does not let this client in: %s", s.place(), withWords(w.reason, w.says))
}

// unsubscribed is why a broker does not let a topic be read.
func (s *settings) unsubscribed(filter string, reason byte, says string) error {
	text := withWords(reason, says)
	if reason == reasonUnspecified {
		text = "the server refuses it"
		if says != "" {
			text = says
		}
	}
	err := fmt.Errorf("topic %q of %s cannot be read: %s: allow it there, or read another topic", filter, s.place(), text)
	if reason == reasonInUse || reason == reasonQuota {
		return err // for now
	}
	return plugins.Permanent(err)
}

// ended is why a broker ended a connection in order.
func (s *settings) ended(reason byte, says, clientID string) error {
	err := &endedError{reason, fmt.Sprintf("%s has ended the connection: %s", s.place(), withWords(reason, says))}
	if reason == reasonTakenOver {
		return plugins.Permanent(fmt.Errorf("%w: %q; give each process a client_id of its own", err, clientID))
	}
	return err
}

// endedError is that a broker ended a connection and said why.
type endedError struct {
	reason byte
	text   string
}

// Error implements error.
func (e *endedError) Error() string { return e.text }

// blames reports whether a broker ended a connection because of what it was sent.
func blames(err error) bool {
	e, ok := errors.AsType[*endedError](err)
	if !ok {
		return false
	}
	switch e.reason {
	case reasonMalformed, reasonProtocol, reasonUnauthorised, reasonTopic, reasonTooLarge, reasonPayload, reasonRetain, reasonQoS:
		return true
	}
	return false
}

// forGood reports whether a record that was refused so is refused whenever it is sent.
func forGood(reason byte) bool {
	switch reason {
	case reasonUnauthorised, reasonTopic, reasonTooLarge, reasonPayload, reasonRetain, reasonQoS:
		return true
	}
	return false
}

// unreachable judges why no connection could be made.
func (s *settings) unreachable(err error) error {
	err = fmt.Errorf("%s cannot be reached: %w", s.place(), err)
	if !connectors.TLSRefused(err) {
		if _, alert := errors.AsType[tls.AlertError](err); !alert {
			quiet := errors.Is(err, io.EOF) || errors.Is(err, errNoAnswer) || dropped(err)
			switch {
			case quiet && s.endpoint.secure():
				err = fmt.Errorf("%w: if it does not speak TLS at this port, correct url", err)
			case quiet:
				err = fmt.Errorf("%w: if it speaks TLS at this port, write %ss:// in url", err, s.endpoint.scheme)
			default:
				err = fmt.Errorf("%w: start it, or correct url", err)
			}
			return err
		}
		return plugins.Permanent(fmt.Errorf("%w: the server refuses the certificate of this client, or its absence: correct cert_file and key_file of the block tls", err))
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		return plugins.Permanent(fmt.Errorf("%w: the server does not speak TLS at this port: correct url", err))
	}
	return plugins.Permanent(fmt.Errorf("%w: name who is to be trusted with ca_file in the block tls, or correct server_name", err))
}
