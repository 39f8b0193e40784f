package mongo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/description"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// remedies are what can be done about errors of the server that trying again cannot mend, by their codes.
var remedies = map[int]string{
	13:  "the user is not allowed to do that: grant the role readWrite on the database, and what else the stage does",
	26:  "the collection does not exist: correct collection, or make it",
	59:  "the server does not know that command: it is too old, or speaks only a part of MongoDB's protocol",
	73:  "the name is not one that MongoDB takes: correct collection and database",
	79:  "no rule of the replica set has that name: correct write_concern",
	100: "the replica set has not that many members: correct write_concern",
}

// try notes what came of an operation: whether the server can be reached. It says in words of the pipeline what failed,
// without what is secret, and marks as [plugins.Permanent] what trying again cannot mend.
func (c *connection) try(doing string, err error) error {
	switch {
	case err == nil:
		c.outage.Reached()
		return nil
	case errors.Is(err, context.Canceled) && !isNetwork(err) || plugins.IsPermanent(err):
		return err
	}
	if _, told := errors.AsType[*refused](err); told {
		return err // it was told when it was about a step of this
	}
	why, permanent := c.reason(err)
	told := fmt.Errorf("%s at %s: %w", doing, c.at.hosts, &refused{why, err})
	switch {
	case permanent:
		return plugins.Permanent(told)
	case isServers(err) && !isFleeting(err):
		c.outage.Reached() // it answers
	case c.config.String("startup") != "fail" || c.outage.WasReached():
		c.outage.Unreached(told)
	}
	return told
}

// refused is an error of the driver in words that may be shown.
type refused struct {
	text string
	err  error
}

func (r *refused) Error() string { return r.text }
func (r *refused) Unwrap() error { return r.err }

// reason returns in words what has failed, and whether trying again cannot mend it.
func (c *connection) reason(err error) (why string, permanent bool) {
	cause := causeOf(err)
	text := c.at.redact(clippedText(cause.Error()))
	lower := strings.ToLower(cause.Error())
	switch {
	case isDenied(err):
		who := "the user " + fmt.Sprintf("%q", c.at.user) + " is not let in"
		if c.at.user == "" {
			who = "the server wants to know who connects: set username and password"
			return who, true
		}
		return who + ": check the password, and that authSource in uri names the database that knows the user (admin, as a rule)", true
	case connectors.TLSRefused(cause) && strings.Contains(lower, "first record does not look like a tls handshake"):
		return "the server speaks no TLS there: use another port, or leave TLS out", true
	case connectors.TLSRefused(cause) || strings.Contains(lower, "tls: failed to verify") || strings.Contains(lower, "x509:"):
		return "the server's certificate is not trusted (" + text + "): set tls.ca_file to the authority that signed it and tls.server_name to the name in it", true
	case strings.Contains(lower, "certificate required") || strings.Contains(lower, "bad certificate"):
		return text + ": the server wants a certificate: set tls.cert_file and tls.key_file", true
	case strings.Contains(lower, "replica set name mismatch") || strings.Contains(lower, "does not match the expected replica set") || isOtherSet(err):
		return "no server there is a member of the replica set that replicaSet in uri names: correct it", true
	}
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok && e.Desc.CompatibilityErr != nil {
		return text + ": MongoDB 4.4 or newer is needed", true
	}
	if code := codeOf(err); code != 0 {
		if remedy := remedies[code]; remedy != "" {
			return text + ": " + remedy, true
		}
	}
	if c.at.srv && strings.Contains(lower, "no such host") { // of the driver's own text
		return "there is no SRV record _mongodb._tcp." + c.at.hosts + " (" + text + "): correct the name, or write the servers as mongodb://HOST:PORT,HOST:PORT", false
	}
	if errors.Is(cause, context.DeadlineExceeded) && !isServers(err) {
		return "no answer in time", false
	}
	return text, false
}

// clippedText bounds what a server may say.
func clippedText(s string) string {
	if len(s) > 500 {
		return s[:500] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// causeOf returns what is at the bottom of an error: why no server could be selected is in what each server has last said.
func causeOf(err error) error {
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		for _, s := range e.Desc.Servers {
			if s.LastError != nil {
				return causeOf(s.LastError)
			}
		}
		if e.Desc.CompatibilityErr != nil {
			return e.Desc.CompatibilityErr
		}
		if e.Desc.Kind == description.TopologyKindReplicaSetNoPrimary {
			return errors.New("the replica set has no primary now")
		}
	}
	if e, ok := errors.AsType[topology.ConnectionError](err); ok && e.Wrapped != nil {
		if errors.Is(e.Wrapped, io.EOF) {
			return errors.New("the server hung up")
		}
		return causeOf(e.Wrapped)
	}
	return err
}

// isOtherSet reports whether servers answered that are of another replica set, or of none.
func isOtherSet(err error) bool {
	e, ok := errors.AsType[topology.ServerSelectionError](err)
	if !ok || len(e.Desc.Servers) > 0 {
		return false // the driver takes those out that are of another set
	}
	return e.Desc.Kind == description.TopologyKindReplicaSetNoPrimary
}

// isDenied reports whether a user was not let in.
func isDenied(err error) bool {
	text := strings.ToLower(err.Error())
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		text = strings.ToLower(e.Desc.String())
	}
	code := codeOf(err)
	return code == 18 || code == 8000 || strings.Contains(text, "auth error") || strings.Contains(text, "authentication failed") ||
		strings.Contains(text, "unable to authenticate")
}

// codeOf returns the code of what the server has said, 0 for none.
func codeOf(err error) int {
	var e mongo.ServerError
	if errors.As(err, &e) {
		if codes := e.ErrorCodes(); len(codes) > 0 {
			return codes[0]
		}
	}
	return 0
}

// isServers reports whether an error is what the server has answered.
func isServers(err error) bool {
	var e mongo.ServerError
	return errors.As(err, &e) && !isNetwork(err)
}

// isNetwork reports whether an answer was lost, or none came.
func isNetwork(err error) bool {
	_, lost := errors.AsType[topology.ConnectionError](err)
	_, none := errors.AsType[topology.ServerSelectionError](err)
	_, busy := errors.AsType[topology.WaitQueueTimeoutError](err)
	return lost || none || busy || mongo.IsNetworkError(err) || mongo.IsTimeout(err)
}

// isHangup reports whether the server has cut a connection in the middle of an operation.
func isHangup(err error) bool {
	if _, none := errors.AsType[topology.ServerSelectionError](err); none || !isNetwork(err) {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isLate reports whether an operation took too long that had begun.
func isLate(err error) bool {
	_, none := errors.AsType[topology.ServerSelectionError](err)
	return !none && mongo.IsTimeout(err)
}

// isFleeting reports whether the server has said that it cannot now: it is no primary, or ends.
func isFleeting(err error) bool { return isFleetingCode(codeOf(err)) }

func isFleetingCode(code int) bool {
	switch code {
	case 6, 7, 89, 91, 112, 133, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436:
		return true
	}
	return false
}
