package nats

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// streamsOf returns the streams that take a subject, or subjects of a pattern, sorted by
// name. Where none does, one is made, if that is allowed.
func (s *session) streamsOf(ctx context.Context, subject string) ([]*jetstream.StreamInfo, error) {
	o := s.conn.options
	if o.stream.name != "" {
		info, err := s.named(ctx, o.stream.name, subject)
		if err != nil {
			return nil, err
		}
		return []*jetstream.StreamInfo{info}, nil
	}
	found, err := s.find(ctx, subject)
	if err != nil || len(found) > 0 {
		return found, err
	}
	root, err := rootOf(subject)
	if err != nil {
		return nil, plugins.Permanent(fmt.Errorf("no stream takes %s, and %w: write something to it first, or name the stream of the connector (stream { name, subjects })", subject, err))
	}
	info, err := s.make(ctx, streamName(root), subject)
	if err != nil {
		return nil, err
	}
	return []*jetstream.StreamInfo{info}, nil
}

// look is streamsOf for who only looks: nothing is made, or changed.
func (s *session) look(ctx context.Context, subject string) ([]*jetstream.StreamInfo, error) {
	if name := s.conn.options.stream.name; name != "" {
		info, err := s.info(ctx, name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			return nil, plugins.Permanent(fmt.Errorf("there is no stream %s, and to look at a topic makes none: write something to it first, or correct the stream of the connector (stream { name })", name))
		case err != nil:
			return nil, err
		case !takes(info, subject):
			return nil, plugins.Permanent(fmt.Errorf("stream %s does not take %s (it takes %s): look at one of those, or name another stream in the connector", name, subject, strings.Join(info.Config.Subjects, ", ")))
		}
		return []*jetstream.StreamInfo{info}, nil
	}
	found, err := s.find(ctx, subject)
	if err == nil && len(found) == 0 {
		err = plugins.Permanent(fmt.Errorf("no stream takes %s, and to look at a topic makes none: correct its name (onstream topic ls tells which there are), or write something to it first", subject))
	}
	return found, err
}

// takes reports whether a stream takes a subject, or subjects of a pattern.
func takes(info *jetstream.StreamInfo, subject string) bool {
	if len(info.Config.Subjects) == 0 { // a mirror, or one that gathers others
		return true
	}
	return slices.ContainsFunc(info.Config.Subjects, func(have string) bool { return covers(have, subject) || covers(subject, have) })
}

// find returns the streams that take subjects of a pattern.
func (s *session) find(ctx context.Context, subject string) ([]*jetstream.StreamInfo, error) {
	var found []*jetstream.StreamInfo
	err := s.request(ctx, func(ctx context.Context) error {
		found = nil
		list := s.js.ListStreams(ctx, jetstream.WithStreamListSubject(subject))
		for info := range list.Info() {
			if !internal(info.Config.Name) {
				found = append(found, info)
			}
		}
		return list.Err()
	})
	slices.SortFunc(found, func(a, b *jetstream.StreamInfo) int { return strings.Compare(a.Config.Name, b.Config.Name) })
	return found, err
}

// internal reports whether a stream holds no topics: a key-value bucket, an object store, or
// state that is handed over.
func internal(name string) bool {
	return strings.HasPrefix(name, "KV_") || strings.HasPrefix(name, "OBJ_") || strings.HasPrefix(name, stateStream)
}

// named returns the stream of a name, which is made, or made to take a subject, where that
// is allowed.
func (s *session) named(ctx context.Context, name, subject string) (*jetstream.StreamInfo, error) {
	info, err := s.info(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return s.make(ctx, name, subject)
	}
	if err != nil {
		return nil, err
	}
	if takes(info, subject) {
		return info, nil
	}
	o := s.conn.options
	root, err := rootOf(subject)
	if err != nil || !o.create || len(o.stream.subjects) > 0 {
		return nil, plugins.Permanent(fmt.Errorf("stream %s does not take %s (it takes %s): add that to its subjects, or name another stream in the connector", name, subject, strings.Join(info.Config.Subjects, ", ")))
	}
	config := info.Config
	config.Subjects = append(slices.Clip(config.Subjects), root, root+".>")
	var changed *jetstream.StreamInfo
	err = s.request(ctx, func(ctx context.Context) error {
		stream, err := s.js.UpdateStream(ctx, config)
		if err == nil {
			changed = stream.CachedInfo()
		}
		return err
	})
	if err != nil {
		return nil, s.judge(fmt.Errorf("stream %s: take %s, too: %w", name, subject, err))
	}
	return changed, nil
}

// info returns what the server says about a stream.
func (s *session) info(ctx context.Context, name string) (*jetstream.StreamInfo, error) {
	var info *jetstream.StreamInfo
	err := s.request(ctx, func(ctx context.Context) error {
		stream, err := s.js.Stream(ctx, name)
		if err == nil {
			info = stream.CachedInfo()
		}
		return err
	})
	return info, err
}

// make makes a stream for a subject.
func (s *session) make(ctx context.Context, name, subject string) (*jetstream.StreamInfo, error) {
	o := s.conn.options
	if !o.create {
		return nil, plugins.Permanent(fmt.Errorf("no stream takes %s, and create = \"never\": make one that does (nats stream add), or write create = \"if_missing\"", subject))
	}
	subjects := o.stream.subjects
	if len(subjects) == 0 {
		root, err := rootOf(subject)
		if err != nil {
			return nil, plugins.Permanent(fmt.Errorf("%s: %w: say with subjects what stream %s is to take", subject, err, name))
		}
		subjects = []string{root, root + ".>"}
	}
	config := jetstream.StreamConfig{
		Name: name, Subjects: subjects, Description: "made by onstream", Storage: o.stream.storage, Retention: o.stream.retention,
		Discard: o.stream.discard, MaxAge: o.stream.maxAge, MaxBytes: o.stream.maxBytes, Replicas: o.stream.replicas, Duplicates: o.stream.duplicates,
	}
	if s.memory {
		config.Storage = jetstream.MemoryStorage
	}
	if config.MaxBytes == 0 {
		config.MaxBytes = -1
	}
	if config.MaxAge > 0 && config.Duplicates == 0 && config.MaxAge < defaultDuplicates {
		config.Duplicates = config.MaxAge // the server takes no longer one
	}
	if o.partitions > 1 {
		if err := s.checkDivides(name); err != nil {
			return nil, err
		}
		config.SubjectTransform = &jetstream.SubjectTransformConfig{Source: ">", Destination: fmt.Sprintf("{{partition(%d)}}.>", o.partitions)}
	}
	var made *jetstream.StreamInfo
	err := s.request(ctx, func(ctx context.Context) error {
		stream, err := s.js.CreateStream(ctx, config)
		if err == nil {
			made = stream.CachedInfo()
		}
		return err
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return s.rival(ctx, name, subject)
	}
	if err != nil {
		return nil, undivided(s.judge(fmt.Errorf("make stream %s for %s: %w", name, strings.Join(subjects, ", "), err)), name)
	}
	return made, nil
}

// rival returns a stream that somebody else has made meanwhile, if it is the one that is
// wanted.
func (s *session) rival(ctx context.Context, name, subject string) (*jetstream.StreamInfo, error) {
	info, err := s.info(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, have := range info.Config.Subjects {
		if covers(have, subject) {
			return info, nil
		}
	}
	return nil, plugins.Permanent(fmt.Errorf("a stream %s is there already, and takes %s, not %s: add that to its subjects, or name another stream in the connector (stream { name })", name, strings.Join(info.Config.Subjects, ", "), subject))
}

// judge marks what the server refuses to do, in contrast to what it cannot do now.
func (s *session) judge(err error) error {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.Code >= 400 && api.Code < 500 && api.Code != 429 && api.Code != 408 && !isFull(err) {
		return plugins.Permanent(err)
	}
	return err
}

// streamName returns the name of the stream that is made for a first level.
func streamName(root string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\\*>. \t", r) {
			return '_'
		}
		return r
	}, root)
}

// partitionsPattern finds how many partitions a stream has in its subject transform.
var partitionsPattern = regexp.MustCompile(`^\{\{\s*[pP]artition\s*\(\s*(\d+)[^)]*\)\s*\}\}\.`)

// partitionsOf returns how many partitions a stream has: 1 where it has none.
func partitionsOf(info *jetstream.StreamInfo) int {
	t := info.Config.SubjectTransform
	if t == nil {
		return 1
	}
	found := partitionsPattern.FindStringSubmatch(t.Destination)
	if found == nil {
		return 1
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// checkPartitions reports a stream that is divided otherwise than the connector says.
func (c *connection) checkPartitions(info *jetstream.StreamInfo) error {
	n := partitionsOf(info)
	switch want := c.options.partitions; {
	case n > maxPartitions:
		return plugins.Permanent(fmt.Errorf("stream %s has %d partitions, and %d are the most that can be read", info.Config.Name, n, maxPartitions))
	case want > 1 && want != n:
		return plugins.Permanent(fmt.Errorf("stream %s has %s, and the connector says %d: write partitions = %d, or name another stream: the records of a key would move", info.Config.Name, plural(n, "partition"), want, n))
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
