package redis

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/onstream/onstream/connectors"
)

// baseOf returns the key of a topic: of its stream, or, where it has several, what their keys begin
// with.
func baseOf(t connectors.Topic) (string, error) {
	if t.Pattern() {
		return "", fmt.Errorf("%q stands for several topics, and Redis has no patterns of streams: write a stage for each", string(t))
	}
	return t.Render(":", "*", ">"), nil
}

// streamOf returns the key of the stream of a partition.
func streamOf(base string, partition, partitions int) string {
	if partitions == 1 {
		return base
	}
	return base + ":" + strconv.Itoa(partition)
}

// cutPartition returns the number at the end of the key of a stream.
func cutPartition(key string) (base string, partition int, ok bool) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 {
		return key, 0, false
	}
	n, err := strconv.Atoi(key[i+1:])
	if err != nil || n < 0 || n >= maxPartitions || strconv.Itoa(n) != key[i+1:] {
		return key, 0, false
	}
	return key[:i], n, true
}

// partitionOf returns the partition of a key: its hash (FNV-1a, 64 bits) modulo the number of
// partitions.
func partitionOf(key []byte, partitions int) int {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return int(h % uint64(partitions))
}

// tableOf returns the key of a group's table. It is in the hash slot of the topic.
func tableOf(base, group string) string { return "onstream:{" + base + "}:" + group }
