package opcua_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/examples/plugins/opcua/opcua"
	"github.com/onstream/onstream/plugins"
)

func TestKindIsDocumented(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := opcua.Register(&r); err != nil {
		t.Fatal(err)
	}
	k, ok := r.Source("opcua")
	if !ok || !strings.HasPrefix(k.Schema.Example, `source "opcua" "`) || k.Capabilities(plugins.Config{}).Weakens == "" {
		t.Fatal("the kind has no example, or does not say what it loses")
	}
	for _, s := range []plugins.Schema{k.Schema, k.Schema.Blocks[0].Schema} {
		for _, a := range s.Attrs {
			if !strings.HasSuffix(a.Doc, ".") {
				t.Errorf("%s: the doc %q is no sentence", a.Name, a.Doc)
			}
			if (a.Type == plugins.AttrInt || a.Type == plugins.AttrFloat || a.Type == plugins.AttrDuration) && (a.Min == nil || a.Max == nil) {
				t.Errorf("%s has no bounds", a.Name)
			}
		}
	}
	if opcua.Register(&r) == nil {
		t.Error("the kind was registered twice")
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	k := opcua.Kind()
	for want, types := range map[string][]string{"optional(float)": {"float", "float"}, "any": {"float", "int"}, "optional(string)": {"string"}} {
		var nodes []plugins.ConfigBlock
		for i, typ := range types {
			nodes = append(nodes, node(fmt.Sprint("n", i), attrs{"id": "i=1", "type": typ}))
		}
		got, err := k.Output(with(k.Schema, attrs{"endpoint": "opc.tcp://plc"}, nodes...))
		all := "record({ts = time, server = string, node = string, value = " + want + ", quality = string, status = string, source_time = optional(time), server_time = optional(time), gap = bool})"
		if err != nil || got.Type.String() != all {
			t.Errorf("the shape of %v is %v (%v), want %s", types, got.Type, err, all)
		}
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	one := node("a", attrs{"id": "ns=1;s=x"})
	endpoint := attrs{"endpoint": "opc.tcp://plc:4840"}
	of := func(given attrs) []plugins.ConfigBlock { return []plugins.ConfigBlock{node("a", given)} }
	also := func(given attrs) attrs {
		given["endpoint"] = "opc.tcp://plc:4840"
		return given
	}
	many := make([]plugins.ConfigBlock, 10_001)
	for i := range many {
		many[i] = one
	}
	const noEndpoint = `endpoint: this is no endpoint of a server: write it like "opc.tcp://10.0.4.20:4840", and who logs on with user and password`
	for name, c := range map[string]struct {
		given attrs
		nodes []plugins.ConfigBlock
		want  string
	}{
		"another protocol":     {attrs{"endpoint": "https://plc"}, nil, noEndpoint},
		"no host":              {attrs{"endpoint": "opc.tcp://"}, nil, noEndpoint},
		"password in endpoint": {attrs{"endpoint": "opc.tcp://operator:sesame@plc"}, nil, noEndpoint},
		"mode without policy":  {also(attrs{"security_mode": "Sign"}), nil, `security_mode: Sign does not go with the policy None: both are None, or neither`},
		"policy without mode":  {also(attrs{"security_policy": "Basic256Sha256", "security_mode": "None"}), nil, `security_mode: None does not go with the policy Basic256Sha256: both are None, or neither`},
		"no certificate":       {also(attrs{"security_policy": "Basic256Sha256", "certificate_file": "c"}), nil, `security_policy: Basic256Sha256 needs a certificate of this client and its key: write certificate_file and key_file`},
		"nobody to trust":      {also(attrs{"security_policy": "Basic256Sha256", "certificate_file": "c", "key_file": "k"}), nil, `security_policy: nothing says which server is trusted: write its certificate as server_certificate_file, or trust_any_server = true for a test`},
		"useless certificate":  {also(attrs{"certificate_file": "c"}), nil, `security_policy: certificates protect nothing with the policy None: write another, such as "Basic256Sha256"`},
		"readable password":    {also(attrs{"user": "operator", "password": plugins.NewSecret("sesame")}), nil, `user: the password would not be encrypted with everything else: write a security_policy and the mode SignAndEncrypt, or allow_plain_password = true`},
		"password of nobody":   {also(attrs{"password": plugins.NewSecret("sesame")}), nil, `password: there is a password, but nobody who logs on with it: write user`},
		"no nodes":             {endpoint, []plugins.ConfigBlock{}, `there is no node to monitor: add a block like node "temperature" { id = "ns=2;s=Line1.Temperature" }`},
		"too many nodes":       {endpoint, many, `there are 10001 nodes, and a source monitors 10000 at most: divide them among several sources`},
		"no name":              {endpoint, []plugins.ConfigBlock{node("", attrs{"id": "i=1"})}, "node[]: the name of a node has 1 to 255 bytes: its records have it in `node`"},
		"a name twice":         {endpoint, []plugins.ConfigBlock{one, one}, `node[a]: there is a node "a" already: name this one differently`},
		"no node id":           {endpoint, of(attrs{"id": "Temperature"}), `node[a].id: "Temperature" is no node: write namespace and identifier, as in "ns=2;s=Line1.Temperature" or "ns=3;i=1001"`},
		"an empty id":          {endpoint, of(attrs{"id": ""}), `node[a].id: "" is no node: write namespace and identifier, as in "ns=2;s=Line1.Temperature" or "ns=3;i=1001"`},
		"too many percent":     {endpoint, of(attrs{"id": "i=1", "deadband": 101.0, "deadband_type": "percent"}), `node[a].deadband: 101 percent is more than the whole range: write up to 100`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := opcua.Kind()
			if c.nodes == nil {
				c.nodes = []plugins.ConfigBlock{one}
			}
			config := with(k.Schema, c.given, c.nodes...)
			if err := k.Check(config); err == nil || err.Error() != c.want {
				t.Errorf("the error is %v\nwant %s", err, c.want)
			}
			if _, err := k.New(config, plugins.Env{}); err == nil {
				t.Error("a source was made of it")
			}
		})
	}
}
