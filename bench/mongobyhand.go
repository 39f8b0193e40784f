package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	mongooptions "go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// handBulk is how many records a bulk of the program by hand has.
const handBulk = 5000

// byHand writes the file with the bulk writes of the driver: while one is on its way, the next is made.
func (m *collections) byHand(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	journal := true
	w := &writeconcern.WriteConcern{W: "majority", Journal: &journal}
	to := m.client.Database("onstream_bench").Collection(m.name(), mongooptions.Collection().SetWriteConcern(w))
	bulks := make(chan []mongo.WriteModel, 1)
	failed := make(chan error, 1)
	go func() {
		defer close(bulks)
		failed <- m.models(ctx, bulks)
	}()
	for bulk := range bulks {
		if _, err := to.BulkWrite(ctx, bulk); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return <-failed
}

// models makes writes of the lines of the input.
func (m *collections) models(ctx context.Context, bulks chan<- []mongo.WriteModel) error {
	f, err := os.Open(m.input)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	var bulk []mongo.WriteModel
	send := func() error {
		select {
		case bulks <- bulk:
			bulk = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for lines.Scan() {
		var doc bson.D
		if err := bson.UnmarshalExtJSON(lines.Bytes(), false, &doc); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		device, isText := doc[0].Value.(string)
		ts, isInt := doc[1].Value.(int64)
		if !isText || !isInt {
			return fmt.Errorf("read: a record does not begin with device_id and ts: %s", lines.Bytes())
		}
		id := device + "/" + strconv.FormatInt(ts, 10)
		all := make(bson.D, 0, len(doc)+2)
		doc = append(append(append(all, bson.E{Key: "_id", Value: id}), doc...), bson.E{Key: "id", Value: id})
		bulk = append(bulk, mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: id}}).SetReplacement(doc).SetUpsert(true))
		if len(bulk) == handBulk {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if len(bulk) > 0 {
		return send()
	}
	return nil
}
