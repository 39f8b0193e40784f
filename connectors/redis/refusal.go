package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// remedies are what can be done about errors that trying again cannot mend, by how they
// begin.
var remedies = [...]struct{ begins, remedy string }{
	{"WRONGPASS", "the credentials are not accepted: check username and password"},
	{"NOAUTH", "the server wants to know who connects: set password, and username where it has an ACL"},
	{"ERR AUTH", "the server has no password, and is sent one: leave password out, or check username"},
	{"ERR invalid password", "the password is not accepted: check it"},
	{forbidden, "the user is not allowed to do that: grant it (the streams and onstream:* as keys; @stream, @read, @write, @scripting and @transaction as commands)"},
	{"ERR DB index", "the server does not have that many databases: correct db"},
	{"ERR unknown command", "the server is too old or has disabled the command: Redis 5 or newer is needed"},
	{"WRONGTYPE", "the key holds something that is not a stream: delete it, or choose another topic"},
	{"NOGROUP", "the group was deleted while it was read: start again to begin with what is there"},
	{"ERR no such key", "the stream was deleted while it was read: what was in it and not read is lost; start again to begin with what is there"},
	{"DENIED", "the server is in protected mode: set a password there and here, or protected-mode no"},
}

// remedyOf returns what can be done about what the server has answered, "" where that is not known.
func remedyOf(text string) string {
	for _, r := range remedies {
		if strings.HasPrefix(text, r.begins) {
			return r.remedy
		}
	}
	return ""
}

// isServers reports whether an error is what the server has answered.
func isServers(err error) bool {
	_, raw := errors.AsType[serverError](err)
	var e goredis.Error
	return raw || errors.As(err, &e)
}

// textOf returns what the server has answered.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[serverError](err); ok {
		return string(e)
	}
	var e goredis.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return ""
}

// try notes what came of a command: whether the server can be reached. It says in words of
// the pipeline what failed, and marks as [plugins.Permanent] what trying again cannot mend.
func (c *connection) try(doing string, err error) error {
	switch {
	case err == nil || errors.Is(err, goredis.Nil):
		c.outage.Reached()
		return nil
	case errors.Is(err, context.Canceled) || plugins.IsPermanent(err):
		return err
	}
	fail := func(remedy string) error {
		return plugins.Permanent(fmt.Errorf("%s at %s: %w: %s", doing, c.place, err, remedy))
	}
	if connectors.TLSRefused(err) {
		return fail("the server's certificate is not trusted, or it speaks no TLS there: set tls.ca_file to the authority that signed it and tls.server_name to the name in it, or leave the block tls out")
	}
	if text := textOf(err); text != "" {
		if remedy := remedyOf(text); remedy != "" {
			return fail(remedy)
		}
		if !strings.HasPrefix(text, "LOADING") && !strings.HasPrefix(text, "CLUSTERDOWN") && !strings.HasPrefix(text, "MASTERDOWN") {
			c.outage.Reached() // it answers
			return fmt.Errorf("%s at %s: %w", doing, c.place, err)
		}
	}
	err = fmt.Errorf("%s at %s: %w", doing, c.place, err)
	if !c.options.failAtStart || c.outage.WasReached() {
		c.outage.Unreached(err)
	}
	return err
}
