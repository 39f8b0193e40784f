package mongo

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// place is what a URI says, as far as it can be told without a network.
type place struct {
	hosts    string // as they may be shown
	srv      bool
	database string
	user     string
	options  map[string]bool // that it has, in lower case
	secrets  []string        // that no message may have

	written     string // what w says
	unjournaled bool   // journal=false
}

// secretOptions are options whose values are shown nowhere.
var secretOptions = []string{"tlscertificatekeyfilepassword", "sslclientcertificatekeypassword", "authmechanismproperties"}

// parseURI reads a URI. It does no input or output. Its errors quote nothing that is secret.
func parseURI(uri string) (place, error) {
	var at place
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || scheme != connstring.SchemeMongoDB && scheme != connstring.SchemeMongoDBSRV {
		return at, errors.New("it begins with neither mongodb:// nor mongodb+srv://: write it like \"mongodb://mongo.example.com:27017/plant\"")
	}
	at.srv = scheme == connstring.SchemeMongoDBSRV
	address, query, _ := strings.Cut(rest, "?")
	userInfo := ""
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		userInfo, address = address[:i], address[i+1:]
		user, password, has := strings.Cut(userInfo, ":")
		if strings.ContainsAny(user, "@/:") || strings.ContainsAny(password, "@/:") {
			return at, errors.New("the user or the password in it has a character that means something there: percent-encode it (@ is %40, : is %3A, / is %2F, % is %25), or set username and password instead")
		}
		plainUser, err := url.PathUnescape(user)
		plainPassword, err2 := url.PathUnescape(password)
		if err != nil || err2 != nil {
			return at, errors.New("the user or the password in it has a % that encodes nothing: write %25 for it, or set username and password instead")
		}
		if user == "" {
			return at, errors.New("it has an @ without a user before it: name the user, or leave the @ out")
		}
		at.user = plainUser
		if has {
			at.secrets = append(at.secrets, password, plainPassword)
		}
	} else if strings.Contains(query, "@") && strings.Contains(address, ":") && !strings.Contains(address, "/") {
		return at, errors.New("the user or the password in it has a character that means something there: percent-encode it (? is %3F, @ is %40), or set username and password instead")
	}
	hosts, database, _ := strings.Cut(address, "/")
	if hosts == "" || slices.Contains(strings.Split(hosts, ","), "") {
		return at, errors.New("it names no server, or has a comma too many: write it like \"mongodb://mongo.example.com:27017/plant\"")
	}
	if strings.Contains(rest, "?") && !strings.Contains(address, "/") {
		return at, errors.New("write a / before the ? of the options: mongodb://HOST/DATABASE?OPTIONS")
	}
	name, err := url.PathUnescape(database)
	if err != nil || strings.ContainsAny(name, "/\\. \"$") {
		return at, fmt.Errorf("%q is no name of a database: it has none of / \\ . $ \" and no spaces", clipped(database))
	}
	at.hosts, at.database = hosts, name
	return at, at.parse(scheme, hosts, query)
}

// parse looks at the hosts and options as the driver does, one at a time, so that it is known whose error it is.
func (at *place) parse(scheme, hosts, query string) error {
	if at.srv && strings.ContainsAny(hosts, ",:") {
		return errors.New("mongodb+srv:// takes one name, without a port: the servers are found by it")
	}
	if _, err := connstring.ParseAndValidate(connstring.SchemeMongoDB + "://" + hosts + "/"); err != nil {
		return fmt.Errorf("the hosts %q: %w", clipped(hosts), unprefixed(err))
	}
	at.options = map[string]bool{}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		option, raw, has := strings.Cut(pair, "=")
		name := strings.ToLower(option)
		if !has {
			return fmt.Errorf("the option %q has no value: write %s=VALUE", clipped(option), clipped(option))
		}
		if slices.Contains(secretOptions, name) {
			at.secrets = append(at.secrets, raw)
			if v, err := url.QueryUnescape(raw); err == nil {
				at.secrets = append(at.secrets, v)
			}
		}
		if at.options[name] && name != "readpreferencetags" {
			return fmt.Errorf("the option %s is in it twice: leave one of them out", option)
		}
		at.options[name] = true
		if at.srv && (name == "srvmaxhosts" || name == "srvservicename") {
			continue
		}
		if name == "directconnection" || name == "loadbalanced" || strings.HasPrefix(name, "auth") || name == "readpreferencetags" || name == "maxstalenessseconds" || name == "tlscertificatekeyfilepassword" || name == "sslclientcertificatekeypassword" {
			continue // they mean something only with others
		}
		c, err := connstring.Parse(connstring.SchemeMongoDB + "://localhost/?" + pair)
		switch {
		case err != nil:
			return fmt.Errorf("the option %s: %w", option, unprefixed(err))
		case len(c.UnknownOptions) > 0:
			return fmt.Errorf("there is no option %q: correct it, or leave it out", clipped(option))
		case name == "w" && c.WNumberSet && c.WNumber == 0:
			return errors.New("the option w=0: nothing that is written would be confirmed: leave it out")
		case name == "w":
			at.written, _ = url.QueryUnescape(raw)
		case name == "journal":
			at.unjournaled = !c.J
		}
	}
	if query == "" || at.srv {
		return nil
	}
	// Options of several that do not go together. What the driver says may quote them.
	c, err := connstring.ParseAndValidate(scheme + "://" + hosts + "/?" + query)
	switch {
	case err != nil && at.authless(err):
		return nil // the user is not in this one
	case err != nil:
		return fmt.Errorf("its options: %s", at.redact(unprefixed(err).Error()))
	}
	for name := range c.UnknownOptions {
		return fmt.Errorf("there is no option %q: correct it, or leave it out", clipped(name))
	}
	return nil
}

// authless reports whether an error is about a user.
func (at *place) authless(err error) bool {
	s := strings.ToLower(err.Error())
	return strings.Contains(s, "username") || strings.Contains(s, "password") || strings.Contains(s, "auth")
}

// unprefixed takes off what the driver puts before all of its errors.
func unprefixed(err error) error {
	for {
		s := strings.TrimPrefix(err.Error(), "error parsing uri: ")
		if s == err.Error() {
			return err
		}
		err = errors.New(s)
	}
}

// redact takes what is secret out of a text.
func (at *place) redact(text string) string {
	for _, s := range at.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(secret)")
		}
	}
	return text
}
