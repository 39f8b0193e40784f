package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// bucketName is the key-value bucket in which groups keep their tables.
const bucketName = "onstream_groups"

// bucket returns the bucket, which is made where there is none.
func (s *session) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	var kv jetstream.KeyValue
	err := s.request(ctx, func(ctx context.Context) (err error) {
		kv, err = s.js.KeyValue(ctx, bucketName)
		return err
	})
	if !errors.Is(err, jetstream.ErrBucketNotFound) {
		return kv, err
	}
	storage := jetstream.FileStorage
	if s.memory {
		storage = jetstream.MemoryStorage
	}
	err = s.store(ctx, 0, func(ctx context.Context) (err error) {
		kv, err = s.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: bucketName, Description: "groups of onstream: who reads what, and how far", History: 1,
			Storage: storage, Replicas: s.conn.options.stream.replicas,
		})
		if errors.Is(err, jetstream.ErrBucketExists) {
			kv, err = s.js.KeyValue(ctx, bucketName)
		}
		return err
	})
	if err != nil {
		return nil, s.judge(fmt.Errorf("make the key-value bucket %s, in which groups keep their positions: %w", bucketName, err))
	}
	return kv, nil
}

// errRaced says that somebody else has changed the table since it was read.
var errRaced = errors.New("the table of the group was changed meanwhile")

// read returns the group's table.
func (m *member) read(ctx context.Context) (t table, revision uint64, err error) {
	if m.kv == nil {
		if m.kv, err = m.session.bucket(ctx); err != nil {
			return t, 0, err
		}
	}
	var text []byte
	err = m.session.request(ctx, func(ctx context.Context) error {
		entry, err := m.kv.Get(ctx, m.key)
		if err == nil {
			text, revision = entry.Value(), entry.Revision()
		}
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		m.kv = nil // somebody has taken the bucket away
		return t, 0, err
	case err != nil:
		return t, 0, err
	}
	t, err = decodeTable(text)
	if err != nil {
		return t, 0, plugins.Permanent(fmt.Errorf("group %s: %w; take it away with nats kv del %s %s", m.key, err, bucketName, m.key))
	}
	return t, revision, nil
}

// write stores the table in place of the one of a revision.
func (m *member) write(ctx context.Context, text []byte, revision uint64) error {
	err := m.session.store(ctx, len(text), func(ctx context.Context) (err error) {
		if revision == 0 {
			_, err = m.kv.Create(ctx, m.key, text)
		} else {
			_, err = m.kv.Update(ctx, m.key, text, revision)
		}
		return err
	})
	switch api, _ := errors.AsType[*jetstream.APIError](err); {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyExists),
		api != nil && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return errRaced
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		m.kv = nil
		return err
	}
	return m.session.judge(fmt.Errorf("group %s: %w", m.key, err))
}
