//go:build unix

package kafka_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What a real server refuses that is set up to.
func TestAStrictServer(t *testing.T) {
	t.Parallel()
	s := startStrict(t)
	made(t, s.plain, 1, nil, "out", "in", "secret")
	wait := map[string]any{"startup": "wait"}
	as := func(mechanism, user, password string) connectors.Bus {
		return connect(t, s.sasl, wait, nested(t, "sasl", "mechanism", mechanism, "username", user, "password", plugins.NewSecret(password)))
	}
	t.Run("credentials", func(t *testing.T) {
		t.Parallel()
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256"} {
			bus := as(mechanism, "u", "wr0ng")
			bustest.Permanent(t, tried(t, bus), `the credentials of "u" are not accepted (`+mechanism+`)`, "check sasl.username and sasl.password", s.sasl)
			bustest.Refused(t, bus, bustest.Subscribe("in"), "check sasl.username and sasl.password")
		}
		bustest.Permanent(t, tried(t, as("SCRAM-SHA-512", "u", bustest.Password)), "SCRAM-SHA-512", s.sasl)
		bustest.Permanent(t, tried(t, connect(t, s.sasl, wait)), "say who you are in a block sasl")
	})
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		bustest.Permanent(t, tried(t, connect(t, s.tls, wait, nested(t, "tls"))), "certificate", "set tls.ca_file")
		bustest.Permanent(t, tried(t, connect(t, s.tls, wait, nested(t, "tls", "ca_file", s.authority, "server_name", "other.example"))), "certificate", "tls.server_name")
		bustest.Permanent(t, tried(t, connect(t, s.tls, wait)), "it speaks TLS on that port", `security_protocol = "SSL"`)
		bustest.Permanent(t, tried(t, connect(t, s.plain, wait, nested(t, "tls"))), "it does not speak TLS on that port", `security_protocol = "PLAINTEXT"`)
	})
	t.Run("permissions", func(t *testing.T) {
		t.Parallel()
		bus := as("PLAIN", "u", bustest.Password)
		bustest.Refused(t, bus, bustest.Subscribe("secret"), `"secret"`, "the user is not allowed", "Read to read")
		bustest.Permanent(t, tried(t, bus), `"out"`, "the user is not allowed")
		allow(t, s.plain, kmsg.ACLResourceTypeTopic, "in", kmsg.ACLOperationRead)
		var err error
		bustest.Eventually(t, "it may be read", func() bool {
			err = bustest.Read(t, bus, bustest.Subscribe("in"), &bustest.Outlet{}).Err(t)
			return !strings.Contains(err.Error(), "describe")
		})
		bustest.Permanent(t, err, `join the group "g"`, "grant Read on it")
		allow(t, s.plain, kmsg.ACLResourceTypeTopic, "out", kmsg.ACLOperationDescribe)
		bustest.Eventually(t, "it may be looked at", func() bool { return tried(t, bus) == nil })
		rows := rowsOf(t, send(t, write(t, bus, "out"), batchOf(row{value: "x"}, row{value: "y"})).wait(t))
		if len(rows) != 2 {
			t.Errorf("%v", rows)
		}
		bustest.Says(t, rows, "the user is not allowed", "Write on the topic")
		allow(t, s.plain, kmsg.ACLResourceTypeTopic, "out", kmsg.ACLOperationWrite)
		// Records with topics of their own: one that may not be written keeps no other from it.
		bustest.Eventually(t, "it may be written to", func() bool {
			return send(t, write(t, bus, "out"), batchOf(row{value: "x"})).wait(t) == nil
		})
		rows = rowsOf(t, send(t, write(t, bus, ""), batchOf(row{topic: "out", value: "1"}, row{topic: "secret", value: "2"}, row{topic: "out", value: "3"})).wait(t))
		if len(rows) != 1 || rows[0].Row != 1 || !strings.Contains(rows[0].Msg, "the user is not allowed") {
			t.Errorf("%v", rows)
		}
		if got := consume(t, s.plain, "out", 3)[0]; strings.Join(got, " ") != "x 1 3" {
			t.Errorf("%q were written", got)
		}
	})
}

// allow lets the user u do something.
func allow(t *testing.T, addr string, kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) {
	t.Helper()
	acl := kmsg.NewCreateACLsRequestCreation()
	acl.ResourceType, acl.ResourceName, acl.ResourcePatternType = kind, name, kmsg.ACLResourcePatternTypeLiteral
	acl.Principal, acl.Host, acl.Operation, acl.PermissionType = "User:u", "*", op, kmsg.ACLPermissionTypeAllow
	req := kmsg.NewPtrCreateACLsRequest()
	req.Creations = append(req.Creations, acl)
	resp, err := req.RequestWith(t.Context(), client(t, addr))
	if err != nil || resp.Results[0].ErrorCode != 0 {
		t.Fatalf("%v, %+v", err, resp)
	}
}
