package nats

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
)

// maxTopics bounds what one stream contributes to the list of topics.
const maxTopics = 10_000

// Topics implements [connectors.Browser].
func (c *connection) Topics(ctx context.Context) ([]connectors.TopicInfo, error) {
	s, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	streams, err := s.find(ctx, ">")
	if err != nil {
		return nil, err
	}
	topics := map[string]connectors.TopicInfo{}
	for _, stream := range streams {
		if err := s.listTopics(ctx, stream, topics); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(topics), func(a, b connectors.TopicInfo) int { return cmp.Compare(a.Name, b.Name) }), nil
}

// listTopics adds the topics of a stream. Of one with very many only its subjects are told.
func (s *session) listTopics(ctx context.Context, stream *jetstream.StreamInfo, topics map[string]connectors.TopicInfo) error {
	partitions := partitionsOf(stream)
	if stream.State.NumSubjects > maxTopics {
		for _, subject := range stream.Config.Subjects {
			topics[subject] = connectors.TopicInfo{Name: subject, Partitions: partitions, Records: -1}
		}
		return nil
	}
	var info *jetstream.StreamInfo
	err := s.request(ctx, func(ctx context.Context) error {
		made, err := s.js.Stream(ctx, stream.Config.Name)
		if err == nil {
			info, err = made.Info(ctx, jetstream.WithSubjectFilter(">"))
		}
		return err
	})
	if err != nil {
		return err
	}
	for stored, n := range info.State.Subjects {
		name, _ := published(stored, partitions, stored)
		t := topics[name]
		topics[name] = connectors.TopicInfo{Name: name, Partitions: partitions, Records: t.Records + int64(n)}
	}
	return nil
}
