package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// remedies are what can be done about errors that trying again cannot mend.
var remedies = [...]struct {
	err    *kerr.Error
	remedy string
}{
	{kerr.IllegalSaslState, "the listener does not ask who you are: leave out the block sasl, or use another port"},
	{kerr.TopicAuthorizationFailed, "the user is not allowed to do that to the topic: grant it (Describe and Read to read; Describe, Write and, with create = \"if_missing\", Create to write)"},
	{kerr.GroupAuthorizationFailed, "the user is not allowed to read in the group: grant Read on it, or choose another one with group"},
	{kerr.ClusterAuthorizationFailed, "the user is not allowed to do that to the cluster: grant it (to write, Write on the topic, and before Kafka 3.0 IdempotentWrite; to make topics, Create), or write create = \"never\", or enable_idempotence = false"},
	{kerr.TransactionalIDAuthorizationFailed, "the user is not allowed to use the transactional_id: grant Write and Describe on it"},
	{kerr.UnknownTopicOrPartition, "there is no such topic: make it, correct its name, or write create = \"if_missing\""},
	{kerr.InvalidTopicException, "the cluster does not take the name of the topic: names that differ in . and _ only are one to it"},
	{kerr.InvalidReplicationFactor, "the cluster has too few brokers for it: lower topic.replication_factor"},
	{kerr.InvalidPartitions, "the cluster does not make that many partitions: change topic.partitions"},
	{kerr.InvalidConfig, "the cluster does not take what the block topic says"},
	{kerr.PolicyViolation, "the cluster's policy forbids such a topic: change the block topic"},
	{kerr.FencedInstanceID, "another process has the same group_instance_id: give each its own"},
	{kerr.InconsistentGroupProtocol, "the group has members that divide partitions in another way (here: cooperative-sticky): stop them, or choose another group"},
	{kerr.InvalidSessionTimeout, "the cluster does not allow that session_timeout: change it"},
	{kerr.GroupMaxSizeReached, "the group has as many members as the cluster allows: run fewer, or choose another group"},
	{kerr.ProducerFenced, "another process has the same transactional_id, so give each its own; or the transaction took longer than transaction_timeout, so raise that"},
	{kerr.TransactionalIDNotFound, "the cluster has forgotten the transaction: start again"},
	{kerr.InvalidTransactionTimeout, "the cluster does not allow such a long transaction_timeout: lower it"},
	{kerr.UnsupportedVersion, "the cluster is too old for that: Kafka 2.5 or newer is needed"},
	{kerr.UnsupportedCompressionType, "the topic cannot be compressed that way: change compression_type"},
}

// judge says in words of the pipeline what failed, and marks as
// [plugins.Permanent] what trying again cannot mend.
func (c *connection) judge(doing string, err error) error {
	if err == nil || plugins.IsPermanent(err) {
		return err
	}
	fail := func(remedy string, args ...any) error {
		return plugins.Permanent(fmt.Errorf("%s %s: %w: %s", doing, c.place(), err, fmt.Sprintf(remedy, args...)))
	}
	_, alert := errors.AsType[tls.AlertError](err)
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		if c.security.mechanism == "OAUTHBEARER" {
			return fail("the token is not accepted: renew it")
		}
		return fail("the credentials of %q are not accepted (%s): check sasl.username and sasl.password", c.security.username, c.security.mechanism)
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return fail("the cluster does not let in by %s: set sasl.mechanism to one that it has", c.security.mechanism)
	case errors.Is(err, errWantsPlain):
		return fail("use another port, or security_protocol = \"PLAINTEXT\" or \"SASL_PLAINTEXT\"")
	case errors.Is(err, errWantsTLS):
		return fail("set security_protocol = \"SSL\" or \"SASL_SSL\", with a block tls where its certificate is of an authority of your own")
	case errors.Is(err, errForeign):
		return fail("correct the port in bootstrap_servers")
	case errors.Is(err, errWantsCredentials):
		return fail("say who you are in a block sasl")
	case connectors.TLSRefused(err):
		return fail("the server's certificate is not trusted, or it speaks no TLS: set tls.ca_file to the authority that signed it, and tls.server_name to the name in it")
	case alert:
		return fail("the server refuses the TLS connection: it may want a certificate, tls.cert_file and tls.key_file")
	}
	for _, r := range remedies {
		if errors.Is(err, r.err) {
			return fail("%s", r.remedy)
		}
	}
	return fmt.Errorf("%s %s: %w", doing, c.place(), err)
}
