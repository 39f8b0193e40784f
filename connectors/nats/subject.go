package nats

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/onstream/onstream/connectors"
)

// subjectOf returns the subject, or pattern of subjects, that a topic is.
func subjectOf(t connectors.Topic) (string, error) {
	s := t.Render(".", "*", ">")
	for i, token := range strings.Split(s, ".") {
		switch {
		case token == "":
			return "", fmt.Errorf("%q cannot be a subject of NATS: a token between its dots is empty", s)
		case i == 0 && token[0] == '$', i == 0 && (token == "_INBOX" || token+".state." == stateSubject):
			return "", fmt.Errorf("%q cannot be a topic: subjects that begin with %s are for the server, or onstream, alone", s, token)
		case token[0] == bucketMark && len(token) == bucketLen:
			return "", fmt.Errorf("%q cannot be a topic: %s is how a record's key is written into its subject; name the level differently", s, token)
		}
	}
	return s, nil
}

// isPattern reports whether a subject stands for several.
func isPattern(subject string) bool {
	for token := range strings.SplitSeq(subject, ".") {
		if token == "*" || token == ">" {
			return true
		}
	}
	return false
}

// errNoRoot is for patterns of which no single stream can be made.
var errNoRoot = errors.New("its first level stands for several names, so that no stream can be made for it")

// rootOf returns the first token of a subject: what streams are made for.
func rootOf(subject string) (string, error) {
	root, _, _ := strings.Cut(subject, ".")
	if root == "*" || root == ">" {
		return "", errNoRoot
	}
	return root, nil
}

// covers reports whether a pattern stands for all that a subject, or another
// pattern, stands for.
func covers(pattern, subject string) bool {
	have, want := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, p := range have {
		switch {
		case p == ">":
			return len(want) > i
		case i >= len(want), want[i] == ">", p != "*" && p != want[i]:
			return false
		}
	}
	return len(have) == len(want)
}

// A bucket is the token by which a key is part of a subject: its mark, and two
// hexadecimal digits of the key's hash.
const (
	bucketMark = '='
	bucketLen  = 3
)

// bucketOf returns the bucket of a key.
func bucketOf(key []byte) byte {
	h := fnv.New32a()
	h.Write(key)
	sum := h.Sum32()
	return byte(sum ^ sum>>8 ^ sum>>16 ^ sum>>24)
}

// keyed returns a subject with the bucket of a key behind it.
func keyed(subject string, bucket byte) string {
	const digits = "0123456789abcdef"
	return subject + "." + string([]byte{bucketMark, digits[bucket>>4], digits[bucket&15]})
}

// filtersOf returns the stored subjects of a partition that a topic stands for.
// Of a stream with one partition the subject is stored as it was published.
func filtersOf(subject string, partition, partitions int) []string {
	if partitions <= 1 {
		return []string{subject}
	}
	stored := strconv.Itoa(partition) + "." + subject
	if strings.HasSuffix(subject, ">") {
		return []string{stored}
	}
	return []string{stored, stored + ".*"}
}

// published returns the topic of a stored subject. It is not ok where the filter let
// through a subject that is none of the topic's.
func published(stored string, partitions int, topic string) (subject string, ok bool) {
	if partitions <= 1 {
		return stored, true
	}
	_, subject, _ = strings.Cut(stored, ".")
	if at := len(subject) - bucketLen - 1; at > 0 && subject[at] == '.' && subject[at+1] == bucketMark {
		return subject[:at], true
	}
	return subject, covers(topic, subject)
}
