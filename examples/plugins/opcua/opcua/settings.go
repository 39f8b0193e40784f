package opcua

import (
	"net/url"
	"regexp"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/onstream/onstream/plugins"
)

// settings are what a block says.
type settings struct {
	endpoint   string
	server     string
	policy     string // as the protocol names it
	mode       ua.MessageSecurityMode
	modeName   string
	cert       string
	key        string
	serverCert string
	user       string
	password   plugins.Secret
	publishing time.Duration
	keepAlive  time.Duration
	timeout    time.Duration
	backoff    time.Duration
	queue      uint32
	nodes      []node
}

// node is a node that is monitored.
type node struct {
	name     string
	id       *ua.NodeID
	idText   string
	kind     plugins.Kind
	sampling time.Duration // as the server is asked; below 0 as often as it publishes
	deadband float64       // 0 for none
	percent  bool
}

func settingsOf(c plugins.Config) (settings, error) {
	s := settings{
		endpoint: c.String("endpoint"), server: c.String("server"), policy: c.String("security_policy"), modeName: c.String("security_mode"),
		cert: c.String("certificate_file"), key: c.String("key_file"), serverCert: c.String("server_certificate_file"),
		user: c.String("user"), password: c.Secret("password"),
		publishing: c.Duration("publishing_interval"), timeout: c.Duration("timeout"), backoff: max(c.Duration("max_backoff"), firstBackoff),
		keepAlive: max(c.Duration("keep_alive"), 2*c.Duration("publishing_interval")), queue: uint32(c.Int("queue_size")),
	}
	if s.server == "" {
		s.server = s.endpoint
	}
	if u, err := url.Parse(s.endpoint); err != nil || u.Scheme != "opc.tcp" || u.Hostname() == "" || u.User != nil {
		return s, plugins.ConfigErrorf("endpoint", "this is no endpoint of a server: write it like \"opc.tcp://10.0.4.20:4840\", and who logs on with user and password")
	}
	if err := s.protect(c); err != nil {
		return s, err
	}
	var err error
	s.nodes, err = nodesOf(c)
	return s, err
}

// protect reads who trusts whom.
func (s *settings) protect(c plugins.Config) error {
	open := s.policy == "None"
	if s.modeName == "" {
		s.modeName = "SignAndEncrypt"
		if open {
			s.modeName = "None"
		}
	}
	s.mode = ua.MessageSecurityModeFromString(s.modeName)
	switch {
	case open != (s.modeName == "None"):
		return plugins.ConfigErrorf("security_mode", "%s does not go with the policy %s: both are None, or neither", s.modeName, s.policy)
	case !open && (s.cert == "" || s.key == ""):
		return plugins.ConfigErrorf("security_policy", "%s needs a certificate of this client and its key: write certificate_file and key_file", s.policy)
	case !open && s.serverCert == "" && !c.Bool("trust_any_server"):
		return plugins.ConfigErrorf("security_policy", "nothing says which server is trusted: write its certificate as server_certificate_file, or trust_any_server = true for a test")
	case open && (s.cert != "" || s.key != "" || s.serverCert != ""):
		return plugins.ConfigErrorf("security_policy", "certificates protect nothing with the policy None: write another, such as \"Basic256Sha256\"")
	case c.Has("password") && s.user == "":
		return plugins.ConfigErrorf("password", "there is a password, but nobody who logs on with it: write user")
	case s.user != "" && (open || s.modeName == "Sign") && !c.Bool("allow_plain_password"):
		return plugins.ConfigErrorf("user", "the password would not be encrypted with everything else: write a security_policy and the mode SignAndEncrypt, or allow_plain_password = true")
	}
	return nil
}

// maxNodes bounds what one source subscribes to.
const maxNodes = 10_000

var kinds = map[string]plugins.Kind{
	"any": plugins.Any, "bool": plugins.Bool, "int": plugins.Int, "float": plugins.Float, "string": plugins.String, "time": plugins.Time, "bytes": plugins.Bytes,
}

// nodesOf reads the blocks of a source.
func nodesOf(c plugins.Config) ([]node, error) {
	blocks := c.Blocks("node")
	if len(blocks) == 0 {
		return nil, plugins.ConfigErrorf("", "there is no node to monitor: add a block like node \"temperature\" { id = \"ns=2;s=Line1.Temperature\" }")
	}
	if len(blocks) > maxNodes {
		return nil, plugins.ConfigErrorf("", "there are %d nodes, and a source monitors %d at most: divide them among several sources", len(blocks), maxNodes)
	}
	nodes := make([]node, 0, len(blocks))
	taken := map[string]bool{}
	form := regexp.MustCompile(`^(ns=[0-9]+;)?[isgb]=.`) // what has none is a name to the library
	for _, b := range blocks {
		at := "node[" + b.Label + "]"
		if b.Label == "" || len(b.Label) > 255 {
			return nil, plugins.ConfigErrorf(at, "the name of a node has 1 to 255 bytes: its records have it in `node`")
		}
		if taken[b.Label] {
			return nil, plugins.ConfigErrorf(at, "there is a node %q already: name this one differently", b.Label)
		}
		taken[b.Label] = true
		n := node{name: b.Label, idText: b.Config.String("id"), kind: kinds[b.Config.String("type")], sampling: -1,
			deadband: b.Config.Float("deadband"), percent: b.Config.String("deadband_type") == "percent"}
		id, err := ua.ParseNodeID(n.idText)
		if err != nil || !form.MatchString(n.idText) || len(n.idText) > 4096 {
			return nil, plugins.ConfigErrorf(at+".id", "%q is no node: write namespace and identifier, as in \"ns=2;s=Line1.Temperature\" or \"ns=3;i=1001\"", n.idText)
		}
		n.id = id
		if n.percent && n.deadband > 100 {
			return nil, plugins.ConfigErrorf(at+".deadband", "%v percent is more than the whole range: write up to 100", n.deadband)
		}
		for _, from := range []plugins.Config{c, b.Config} {
			if from.Has("sampling_interval") {
				n.sampling = from.Duration("sampling_interval")
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
