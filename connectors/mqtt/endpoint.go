package mqtt

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	paho3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/plugins"
)

// endpoint is where a broker is.
type endpoint struct {
	scheme string // mqtt, mqtts, ws or wss
	host   string // with the port
	path   string // of ws and wss
}

// parseEndpoint reads the attribute url.
func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return endpoint{}, plugins.ConfigErrorf("url", "it is no URL of a broker: write it like \"mqtt://broker:1883\", with mqtt, mqtts, ws or wss")
	}
	e := endpoint{scheme: u.Scheme, host: u.Host, path: u.Path}
	port := ""
	switch u.Scheme {
	case "mqtt":
		port = "1883"
	case "mqtts":
		port = "8883"
	case "ws":
		port = "80"
	case "wss":
		port = "443"
	case "tcp", "ssl", "tls":
		return e, plugins.ConfigErrorf("url", "%q is written %q here", u.Scheme, map[string]string{"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts"}[u.Scheme])
	default:
		return e, plugins.ConfigErrorf("url", "%q is no way to reach a broker: begin with mqtt://, mqtts://, ws:// or wss://", u.Scheme)
	}
	switch {
	case u.User != nil:
		return e, plugins.ConfigErrorf("url", "a URL is shown in messages: write the user name and the password as username and password")
	case u.Hostname() == "":
		return e, plugins.ConfigErrorf("url", "the name of the broker is missing: write it like \"%s://broker:%s\"", u.Scheme, port)
	case u.RawQuery != "" || u.Fragment != "":
		return e, plugins.ConfigErrorf("url", "leave out what begins with ? or #: all else are attributes of the connector")
	case !e.web() && strings.Trim(u.Path, "/") != "":
		return e, plugins.ConfigErrorf("url", "only ws:// and wss:// have a path: leave out %q; what topics begin with is written with the topic", u.Path)
	}
	if u.Port() == "" {
		e.host = net.JoinHostPort(u.Hostname(), port)
	}
	if e.web() && e.path == "" {
		e.path = "/mqtt"
	}
	return e, nil
}

func (e endpoint) web() bool { return e.scheme == "ws" || e.scheme == "wss" }

func (e endpoint) secure() bool { return e.scheme == "mqtts" || e.scheme == "wss" }

// String returns the URL.
func (e endpoint) String() string {
	if e.web() {
		return e.scheme + "://" + e.host + e.path
	}
	return e.scheme + "://" + e.host
}

// dial connects. Secure is nil where the connection is not encrypted, or only the
// system's authorities are trusted.
func (e endpoint) dial(ctx context.Context, secure *tls.Config, timeout time.Duration) (net.Conn, error) {
	if e.secure() && secure == nil {
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if e.web() {
		conn, err := paho3.NewWebsocket(e.String(), secure, timeout, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("open a WebSocket: %w", err)
		}
		return conn, nil
	}
	d := net.Dialer{}
	if !e.secure() {
		return d.DialContext(ctx, "tcp", e.host)
	}
	t := tls.Dialer{NetDialer: &d, Config: secure}
	return t.DialContext(ctx, "tcp", e.host)
}
