package mongo

import (
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A comparison of MongoDB finds values of one kind only: {$gt: 5} finds no string, though strings sort behind numbers.
// Whoever reads on from a value has to ask for what is left of its kind, and then for each kind behind it.

// rank is the place of a kind of values in the order of MongoDB.
type rank uint8

const (
	rankMinKey rank = iota
	rankNull
	rankNaN // sorts before all numbers, and is neither greater nor less than any
	rankNumber
	rankString
	rankObject
	rankBinary
	rankObjectID
	rankBool
	rankDate
	rankTimestamp
	rankMaxKey
	rankNone // has no place: arrays, expressions, code
)

// names of ranks, for people.
var rankNames = [...]string{"MinKey", "null", "NaN", "a number", "a string", "a document", "binary", "an ObjectId", "a bool", "a date", "a timestamp", "MaxKey", "an array, an expression or code"}

func (r rank) String() string { return rankNames[r] }

// rankOf returns the place of a value.
func rankOf(v bson.RawValue) rank {
	switch v.Type {
	case bson.TypeMinKey:
		return rankMinKey
	case bson.TypeNull, bson.TypeUndefined:
		return rankNull
	case bson.TypeDouble:
		if f, ok := v.DoubleOK(); ok && math.IsNaN(f) {
			return rankNaN
		}
		return rankNumber
	case bson.TypeDecimal128:
		if d, ok := v.Decimal128OK(); ok && d.IsNaN() {
			return rankNaN
		}
		return rankNumber
	case bson.TypeInt32, bson.TypeInt64:
		return rankNumber
	case bson.TypeString, bson.TypeSymbol:
		return rankString
	case bson.TypeEmbeddedDocument:
		return rankObject
	case bson.TypeBinary:
		return rankBinary
	case bson.TypeObjectID:
		return rankObjectID
	case bson.TypeBoolean:
		return rankBool
	case bson.TypeDateTime:
		return rankDate
	case bson.TypeTimestamp:
		return rankTimestamp
	case bson.TypeMaxKey:
		return rankMaxKey
	}
	return rankNone
}

// all is the condition that holds for all values of a kind.
func (r rank) all() bson.D {
	switch r {
	case rankMinKey:
		return bson.D{{Key: "$eq", Value: bson.MinKey{}}}
	case rankNull:
		return bson.D{{Key: "$eq", Value: nil}}
	case rankNaN:
		return bson.D{{Key: "$eq", Value: math.NaN()}}
	case rankNumber:
		return bson.D{{Key: "$gte", Value: math.Inf(-1)}}
	case rankString:
		return bson.D{{Key: "$gte", Value: ""}}
	case rankObject:
		return bson.D{{Key: "$gte", Value: bson.D{}}}
	case rankBinary:
		return bson.D{{Key: "$gte", Value: bson.Binary{}}}
	case rankObjectID:
		return bson.D{{Key: "$gte", Value: bson.ObjectID{}}}
	case rankBool:
		return bson.D{{Key: "$gte", Value: false}}
	case rankDate:
		return bson.D{{Key: "$gte", Value: bson.DateTime(math.MinInt64)}}
	case rankTimestamp:
		return bson.D{{Key: "$gte", Value: bson.Timestamp{}}}
	default:
		return bson.D{{Key: "$eq", Value: bson.MaxKey{}}}
	}
}

// alone reports whether all values of the kind are equal.
func (r rank) alone() bool {
	return r == rankMinKey || r == rankNull || r == rankNaN || r == rankMaxKey
}

// behind returns, in their order, the conditions that together hold for all values behind v; for all values where it is
// none.
func behind(v bson.RawValue) []bson.D {
	from := rankMinKey
	var all []bson.D
	if v.Type != 0 {
		from = rankOf(v)
		if !from.alone() {
			all = append(all, bson.D{{Key: "$gt", Value: v}})
		}
		from++
	}
	for r := from; r < rankNone; r++ {
		all = append(all, r.all())
	}
	return all
}
