package host

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// maxShown is how many bytes of what a guest has written are in a message.
const maxShown = 200

// refusal is an error in words of our own: a guest is told them as they are.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refusef(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// shown is a text as it is in a message: not longer than people read.
func shown(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// told is what a guest is told of an error: what kind it is of, and nothing of the machine's network, such as the addresses of
// its resolver and of hosts.
func told(err error) *refusal {
	var (
		said     *refusal
		name     *net.DNSError
		unsure   *tls.CertificateVerificationError
		noTLS    tls.RecordHeaderError
		alert    tls.AlertError
		dialling *net.OpError
	)
	text := "the request failed"
	switch {
	case errors.As(err, &said):
		return said
	case errors.As(err, &name) && name.IsNotFound:
		text = "the host was not found"
	case errors.As(err, &name):
		text = "the name of the host could not be looked up"
	case isTimeout(err):
		text = "the connection timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		text = "the connection was refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		text = "the connection was reset"
	case errors.As(err, &unsure):
		text = "the certificate of the host is not trusted"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &noTLS), errors.As(err, &alert):
		text = "the host does not speak TLS as it should"
	case errors.As(err, &dialling) && dialling.Op == "dial":
		text = "the host cannot be reached"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the connection was closed before the end of the answer"
	}
	return &refusal{text}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// unread says what is wrong with a request that cannot be made of what the guest has written, such as its URL.
func unread(address string, err error) error {
	var wrong *url.Error
	if errors.As(err, &wrong) {
		return refusef("the URL %s cannot be read: %s", shown(address), shown(wrong.Err.Error()))
	}
	return refusef("the request cannot be made: %s", shown(err.Error()))
}
