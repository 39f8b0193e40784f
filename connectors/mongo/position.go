package mongo

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/onstream/onstream/plugins"
)

// phase is what a source is at.
type phase string

const (
	inChanges  phase = "changes"  // of a collection, behind Token
	inSnapshot phase = "snapshot" // behind ID; changes follow, from Token on
	inPoll     phase = "poll"     // behind At and, of equal ones, behind ID
)

// position is where to go on. Values keep their types in it: 5 as an int64 is another one than 5 as a double.
type position struct {
	Phase phase         `bson:"phase"`
	Token bson.Raw      `bson:"token,omitempty"`
	Field string        `bson:"field,omitempty"` // that At is the value of
	At    bson.RawValue `bson:"at,omitempty"`
	ID    bson.RawValue `bson:"id,omitempty"`
}

const positionVersion = 1

// encode returns the position as the engine keeps it.
func (p position) encode() (plugins.Position, error) {
	doc := bson.D{{Key: "phase", Value: string(p.Phase)}}
	if p.Token != nil {
		doc = append(doc, bson.E{Key: "token", Value: p.Token})
	}
	if p.Field != "" {
		doc = append(doc, bson.E{Key: "field", Value: p.Field})
	}
	for _, v := range []struct {
		name  string
		value bson.RawValue
	}{{"at", p.At}, {"id", p.ID}} {
		if v.value.Type != 0 {
			doc = append(doc, bson.E{Key: v.name, Value: v.value})
		}
	}
	text, err := bson.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode a position: %w", err)
	}
	return append(plugins.Position{positionVersion}, text...), nil
}

var errPosition = errors.New("this is no position of a collection: it was stored by a newer version, or by another kind of source")

func decodePosition(b plugins.Position) (p position, err error) {
	if len(b) == 0 || b[0] != positionVersion {
		return p, errPosition
	}
	raw := bson.Raw(b[1:])
	if raw.Validate() != nil || bson.Unmarshal(raw, &p) != nil {
		return position{}, errPosition
	}
	switch p.Phase {
	case inChanges, inSnapshot, inPoll:
		return p, nil
	}
	return position{}, errPosition
}

// kept returns a copy of a value that stays when the reply it is in is gone.
func kept(v bson.RawValue) bson.RawValue {
	return bson.RawValue{Type: v.Type, Value: append([]byte{}, v.Value...)}
}
