package kafka

import (
	"net"
	"strconv"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// check finds what the schema cannot say.
func check(c plugins.Config) error {
	servers := c.Strings("bootstrap_servers")
	if len(servers) == 0 {
		return plugins.ConfigErrorf("bootstrap_servers", "name one broker at least, such as \"broker-1:9092\"")
	}
	for _, s := range servers {
		if err := checkServer(s); err != nil {
			return err
		}
	}
	if err := checkSecurity(c); err != nil {
		return err
	}
	if err := connectors.CheckTLS(c); err != nil {
		return err
	}
	if c.Duration("heartbeat_interval") > c.Duration("session_timeout")/3 {
		return plugins.ConfigErrorf("heartbeat_interval", "it is %s and a third of session_timeout %s: lower it, or raise that one", c.Duration("heartbeat_interval"), c.Duration("session_timeout")/3)
	}
	switch {
	case c.String("acks") != "all" && c.Bool("enable_idempotence"):
		return plugins.ConfigErrorf("acks", "brokers recognise what is sent again only with acks = \"all\": write that, or enable_idempotence = false")
	case c.Has("transactional_id") && c.String("transactional_id") == "":
		return plugins.ConfigErrorf("transactional_id", "it is empty: give it a name, or leave it out")
	case c.Has("transactional_id") && !c.Bool("enable_idempotence"):
		return plugins.ConfigErrorf("enable_idempotence", "transactions need it: leave it out, or transactional_id")
	case len(c.Blocks("topic")) > 0 && c.String("create") == "never":
		return plugins.ConfigErrorf("topic", "it says what topics are like that are made, and none are: write create = \"if_missing\", or leave it out")
	}
	return nil
}

func checkServer(s string) error {
	if strings.Contains(s, "://") || strings.Contains(s, "@") {
		return plugins.ConfigErrorf("bootstrap_servers", "it takes a host and a port, such as \"broker-1:9092\", and no URL: who is let in says the block sasl")
	}
	host, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
		return plugins.ConfigErrorf("bootstrap_servers", "%q is no host with a port: write it like \"broker-1:9092\"", s)
	}
	return nil
}

// checkSecurity holds security_protocol to the blocks sasl and tls.
func checkSecurity(c plugins.Config) error {
	protocol := c.String("security_protocol")
	sasl, tls := len(c.Blocks("sasl")) > 0, len(c.Blocks("tls")) > 0
	wantsSASL, wantsTLS := strings.HasPrefix(protocol, "SASL_"), strings.HasSuffix(protocol, "SSL")
	switch {
	case protocol == "":
	case wantsSASL && !sasl:
		return plugins.ConfigErrorf("security_protocol", "%s needs a block sasl that says who is to be let in", protocol)
	case !wantsSASL && sasl:
		return plugins.ConfigErrorf("security_protocol", "with %s nobody asks who you are: write SASL_%[1]s, or leave out the block sasl", protocol)
	case !wantsTLS && tls:
		return plugins.ConfigErrorf("security_protocol", "with %s nothing is encrypted: write %s, or leave out the block tls", protocol, strings.Replace(protocol, "PLAINTEXT", "SSL", 1))
	}
	if !sasl {
		return nil
	}
	s := c.Block("sasl")
	bearer := s.String("mechanism") == "OAUTHBEARER"
	switch {
	case bearer && s.Has("token") == s.Has("token_file"):
		return plugins.ConfigErrorf("sasl", "OAUTHBEARER needs either token or token_file")
	case bearer && (s.Has("username") || s.Has("password")):
		return plugins.ConfigErrorf("sasl", "OAUTHBEARER has a token in place of username and password: leave them out")
	case !bearer && (s.Has("token") || s.Has("token_file")):
		return plugins.ConfigErrorf("sasl", "a token is for OAUTHBEARER only: write mechanism = \"OAUTHBEARER\", or username and password")
	case !bearer && (s.String("username") == "" || s.Secret("password").Reveal() == ""):
		return plugins.ConfigErrorf("sasl", "%s needs username and password", s.String("mechanism"))
	}
	return nil
}

// reads says what sources can promise.
func reads(stage plugins.Config) (plugins.Capabilities, error) {
	if _, err := namesOf(connectors.Topic(stage.String("topic"))); err != nil {
		return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
	}
	_, c := stage.Connector()
	can := plugins.Capabilities{Seekable: true, Redelivers: true, Shares: true, Ordered: true}
	if c.String("isolation_level") == "read_uncommitted" {
		can.Weakens = "records of transactions that are given up later are read"
	}
	return can, nil
}

// writes says what sinks can promise.
func writes(stage plugins.Config) (plugins.Capabilities, error) {
	if name, same := plugins.ConstantOf(stage.Expr("topic")); same {
		if _, err := nameOf(connectors.Topic(name.Text)); err != nil {
			return plugins.Capabilities{}, plugins.ConfigErrorf("topic", "%v", err)
		}
	}
	_, c := stage.Connector()
	can := plugins.Capabilities{Ordered: true, Transactions: c.Has("transactional_id")}
	switch {
	case c.String("acks") == "0":
		can.Weakens = "nobody confirms records, so that any failure of the network or a broker loses some"
	case c.String("acks") == "1":
		can.Weakens = "a broker that is lost before others have its records loses them"
	case !c.Bool("enable_idempotence"):
		can.Weakens = "a batch whose confirmation is lost is written twice"
	}
	return can, nil
}
