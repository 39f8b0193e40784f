package sources

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/onstream/onstream/plugins"
)

// httpHandler answers the requests of one run.
type httpHandler struct {
	*httpSource
	out  plugins.Outlet
	part plugins.Partition
}

// refusal is an answer other than success.
type refusal struct {
	status int
	msg    string
}

// Error returns what the sender is told.
func (r *refusal) Error() string { return r.msg }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP implements [http.Handler].
func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	n, err := h.take(w, r)
	if err == nil {
		fmt.Fprintf(w, "{\"accepted\":%d}\n", n)
		return
	}
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{http.StatusBadRequest, err.Error()}
	}
	switch no.status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "POST, PUT")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(no.status)
	msg, _ := json.Marshal(no.msg) // a string always can be
	fmt.Fprintf(w, "{\"error\":%s}\n", msg)
}

// take takes the records of a request, and returns how many there were.
func (h *httpHandler) take(w http.ResponseWriter, r *http.Request) (int, error) {
	switch {
	case r.URL.Path != h.path:
		return 0, refuse(http.StatusNotFound, "records are taken at %s", h.path)
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		return 0, refuse(http.StatusMethodNotAllowed, "records are sent with POST or PUT")
	case !h.authorized(r):
		return 0, refuse(http.StatusUnauthorized, "the request needs the header Authorization: Bearer TOKEN with the right token")
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return 0, refuse(http.StatusServiceUnavailable, "too many requests at once: send it again later")
	}
	b := h.out.Batch()
	arrival := http.NewResponseController(w)
	err := arrival.SetReadDeadline(time.Now().Add(h.timeout))
	if err == nil {
		err = h.read(w, r, b)
	}
	if err == nil {
		err = arrival.SetReadDeadline(time.Time{}) // or it would end the wait for the pipeline
	}
	if err == nil {
		err = h.cut(r.Header.Get("Content-Type"), b)
	}
	if err != nil || b.Len == 0 {
		b.Release()
		return 0, err
	}
	keepIdempotencyKey(r, b)
	n := b.Len // the batch is the engine's as soon as it is handed over
	return n, h.hand(r.Context(), b)
}

func (h *httpHandler) authorized(r *http.Request) bool {
	want := h.token.Reveal()
	if want == "" {
		return true
	}
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want)) // equal lengths tell nothing about the token's
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && ok
}

// read reads the body into b.Data.
func (h *httpHandler) read(w http.ResponseWriter, r *http.Request, b *plugins.Batch) error {
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes: send fewer records at once", h.maxBody)
	if r.ContentLength > h.maxBody {
		return tooLarge
	}
	var body io.Reader = http.MaxBytesReader(w, r.Body, h.maxBody)
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return refuse(http.StatusBadRequest, "the body is not compressed with gzip: %v", err)
		}
		defer z.Close()
		body = z
	default:
		return refuse(http.StatusUnsupportedMediaType, "the body is compressed with something else than gzip")
	}
	b.Grow(int(max(r.ContentLength, 4<<10)) + 1)
	for {
		n, err := body.Read(b.Data[len(b.Data):cap(b.Data)])
		b.Data = b.Data[:len(b.Data)+n]
		var limit *http.MaxBytesError
		switch {
		case int64(len(b.Data)) > h.maxBody || errors.As(err, &limit):
			return tooLarge
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refuse(http.StatusBadRequest, "the body could not be read: %v", err)
		}
		if len(b.Data) == cap(b.Data) {
			b.Grow(len(b.Data))
		}
	}
}

// hand gives the records to the pipeline and waits for its answer.
func (h *httpHandler) hand(ctx context.Context, b *plugins.Batch) error {
	b.Part, b.Received = h.part, h.env.Now().UnixNano()
	verdict := make(chan error, 1)
	full, cancel := context.WithTimeout(ctx, h.maxWait)
	defer cancel()
	err := h.out.Hand(full, plugins.Delivery{Batch: b, Ack: func() { verdict <- nil }, Nack: func(err error) { verdict <- err }})
	if err != nil {
		return refuse(http.StatusServiceUnavailable, "the pipeline is full or stopping: send it again later")
	}
	timeout := time.NewTimer(h.timeout)
	defer timeout.Stop()
	select {
	case err = <-verdict:
		if err == nil {
			return nil
		}
		h.env.Logger.Warn("a request was not taken", "error", err)
	case <-timeout.C:
	case <-ctx.Done():
	}
	return refuse(http.StatusServiceUnavailable, "the records are not safe yet: send them again")
}

// keepIdempotencyKey makes the key of the request a header of each record.
func keepIdempotencyKey(r *http.Request, b *plugins.Batch) {
	const name = "Idempotency-Key"
	value := r.Header.Get(name)
	if value == "" {
		return
	}
	off := uint32(len(b.Data))
	b.Data = append(append(b.Data, name...), value...)
	b.Headers = append(b.Headers, plugins.Header{
		Name:  plugins.Span{Off: off, Len: uint32(len(name))},
		Value: plugins.Span{Off: off + uint32(len(name)), Len: uint32(len(value))},
	})
	for range b.Len {
		b.HeaderRows = append(b.HeaderRows, plugins.Span{Len: 1})
	}
}
