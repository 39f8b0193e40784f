package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// registryTimeout is how long one request may take.
	registryTimeout = 10 * time.Second
	// maxSchemaText is how long the text of a schema, in a file or from a
	// registry, may be.
	maxSchemaText = 4 << 20
	// maxReferences is how many other schemas one may refer to, directly or
	// through others.
	maxReferences = 256
	// registryMedia is the type of what is sent to a registry.
	registryMedia = "application/vnd.schemaregistry.v1+json"
)

// The codes of failures that are due to a registry.
const (
	codeSchemaUnknown     = "schema_unknown"
	codeSchemaUnavailable = "schema_unavailable"
)

// registryClient speaks to a schema registry by the protocol of Confluent's.
// It is safe for concurrent use.
type registryClient struct {
	base     *url.URL
	username string
	password func() string
	http     *http.Client
}

// registrySchema is a schema as a registry has it.
type registrySchema struct {
	ID         uint32              `json:"id,omitempty"`
	Schema     string              `json:"schema"`
	SchemaType string              `json:"schemaType,omitempty"` // absent for Avro
	References []registryReference `json:"references,omitempty"`
	bytes      int                 // of the texts of the references
}

// registryReference is a schema that another one uses under a name.
type registryReference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
	text    string
}

// registryRefusal is an answer of the registry that is an error.
type registryRefusal struct {
	status  int
	message string
}

func (e *registryRefusal) Error() string {
	s := fmt.Sprintf("answers %d", e.status)
	if e.message != "" {
		s += " (" + e.message + ")"
	}
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		s += ": check username and password"
	}
	return s
}

// temporary reports whether asking again later may help.
func temporary(err error) bool {
	refusal, ok := errors.AsType[*registryRefusal](err)
	return !ok || refusal.status >= 500 || refusal.status == http.StatusTooManyRequests || refusal.status == http.StatusRequestTimeout
}

// notThere reports whether the registry does not have what was asked for.
func notThere(err error) bool {
	refusal, ok := errors.AsType[*registryRefusal](err)
	return ok && refusal.status == http.StatusNotFound
}

// schema fetches the schema of an id, with all that it refers to.
func (c *registryClient) schema(ctx context.Context, id uint32) (*registrySchema, error) {
	s := new(registrySchema)
	if err := c.do(ctx, http.MethodGet, nil, s, "schemas", "ids", fmt.Sprint(id)); err != nil {
		return nil, err
	}
	refs := s.References
	s.References = nil
	if err := c.references(ctx, refs, map[string]bool{}, s); err != nil {
		return nil, err
	}
	return s, nil
}

// references fetches what refs stand for, and what that refers to, and appends
// it to the references of s: what is referred to comes before what refers to it.
func (c *registryClient) references(ctx context.Context, refs []registryReference, seen map[string]bool, s *registrySchema) error {
	for _, r := range refs {
		if seen[r.Name] {
			continue
		}
		if seen[r.Name] = true; len(seen) > maxReferences {
			return &registryRefusal{status: http.StatusUnprocessableEntity, message: fmt.Sprintf("the schema refers to more than %d others", maxReferences)}
		}
		var other registrySchema
		if err := c.do(ctx, http.MethodGet, nil, &other, "subjects", r.Subject, "versions", fmt.Sprint(r.Version)); err != nil {
			return err
		}
		if err := c.references(ctx, other.References, seen, s); err != nil {
			return err
		}
		if s.bytes += len(other.Schema); s.bytes > maxSchemaText {
			return &registryRefusal{status: http.StatusUnprocessableEntity, message: fmt.Sprintf("what the schema refers to is longer than %d bytes", maxSchemaText)}
		}
		r.text = other.Schema
		s.References = append(s.References, r)
	}
	return nil
}

// idOf returns the id that a schema has under a subject; register gives it one
// where it has none.
func (c *registryClient) idOf(ctx context.Context, subject string, s registrySchema, register bool) (uint32, error) {
	path := []string{"subjects", subject}
	if register {
		path = append(path, "versions")
	}
	var answer registrySchema
	if err := c.do(ctx, http.MethodPost, s, &answer, path...); err != nil {
		return 0, err
	}
	return answer.ID, nil
}

// do sends a request and decodes its answer.
func (c *registryClient) do(ctx context.Context, method string, body, answer any, path ...string) error {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	for i, p := range path {
		path[i] = url.PathEscape(p)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var send io.Reader
	if body != nil {
		send = bytes.NewReader(text)
	}
	target := strings.TrimSuffix(c.base.String(), "/") + "/" + strings.Join(path, "/")
	req, err := http.NewRequestWithContext(ctx, method, target, send)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", registryMedia+", application/json")
	if body != nil {
		req.Header.Set("Content-Type", registryMedia)
	}
	if c.username != "" {
		req.SetBasicAuth(c.username, c.password())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // what was read is all that counts
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxSchemaText+1))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return &registryRefusal{resp.StatusCode, refusalMessage(got)}
	case len(got) > maxSchemaText:
		return &registryRefusal{http.StatusUnprocessableEntity, fmt.Sprintf("its answer is longer than %d bytes", maxSchemaText)}
	}
	if err := json.Unmarshal(got, answer); err != nil {
		return &registryRefusal{http.StatusUnprocessableEntity, "its answer is not that of a schema registry: check the URL"}
	}
	return nil
}

// refusalMessage is what the registry says is wrong.
func refusalMessage(body []byte) string {
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	if len(answer.Message) > 200 {
		return answer.Message[:200] + "..."
	}
	return answer.Message
}
