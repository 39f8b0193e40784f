module github.com/onstream/onstream/bench/guests/redpanda

go 1.24

require github.com/redpanda-data/redpanda/src/transform-sdk/go/transform v1.1.0
