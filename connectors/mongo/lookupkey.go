package mongo

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
)

// keyOf returns the value that a key is looked up as; ok is false where no document can have it.
func (l *lookup) keyOf(key plugins.Value) (v bson.RawValue, ok bool) {
	switch {
	case key.Kind == plugins.Null || key.Kind == plugins.Any:
		return v, false // no document is meant by nothing
	case key.Kind.Nested():
		return v, false // keys are single values, whatever the names in it
	case key.Kind == plugins.Time && key.Int%int64(time.Millisecond) != 0:
		return v, false // dates have milliseconds
	case l.as != "" && key.Kind == plugins.String:
		return typedKey(l.as, key.Text)
	}
	element, err := appendValue(nil, "", key)
	if err != nil {
		return v, false // no document has what cannot be in one
	}
	e := bsoncore.Element(element).Value()
	return bson.RawValue{Type: bson.Type(e.Type), Value: e.Data}, true
}

// typedKey returns the value that a text stands for.
func typedKey(as, text string) (bson.RawValue, bool) {
	switch as {
	case "objectid":
		id, err := hex.DecodeString(text)
		return bson.RawValue{Type: bson.TypeObjectID, Value: id}, err == nil && len(id) == 12
	case "date":
		at, err := time.Parse(time.RFC3339Nano, text)
		exact := at.Equal(at.Truncate(time.Millisecond))
		return bson.RawValue{Type: bson.TypeDateTime, Value: bsoncore.AppendDateTime(nil, at.UnixMilli())}, err == nil && exact
	case "decimal":
		d, ok := parseDecimal(text)
		high, low := d.GetBytes()
		return bson.RawValue{Type: bson.TypeDecimal128, Value: bsoncore.AppendDecimal128(nil, high, low)}, ok
	default:
		const uuid = 4
		id, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return bson.RawValue{Type: bson.TypeBinary, Value: bsoncore.AppendBinary(nil, uuid, id)}, err == nil && len(id) == 16
	}
}

// sameness returns a text that is the same for values that MongoDB takes for equal; ok is false for what equals nothing that
// is looked up.
func sameness(v bson.RawValue) (text string, ok bool) {
	switch v.Type {
	case bson.TypeInt32:
		return "n" + strconv.FormatInt(int64(v.Int32()), 10), true
	case bson.TypeInt64:
		return "n" + strconv.FormatInt(v.Int64(), 10), true
	case bson.TypeDouble:
		return doubleText(v.Double()), true
	case bson.TypeDecimal128:
		return decimalText(v.Decimal128()), true
	case bson.TypeString, bson.TypeSymbol:
		s, ok := v.StringValueOK()
		return "s" + s, ok
	case bson.TypeBoolean, bson.TypeObjectID, bson.TypeDateTime, bson.TypeBinary:
		return string(v.Type) + string(v.Value), true
	}
	return "", false
}

// doubleText tells a number exactly: an integer as integers are told, anything else as a fraction.
func doubleText(f float64) string {
	const exact = 1 << 62 // all integers up to here fit an int64
	switch {
	case f == math.Trunc(f) && math.Abs(f) <= exact:
		return "n" + strconv.FormatInt(int64(f), 10)
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "n" + strconv.FormatFloat(f, 'g', -1, 64)
	}
	return ratText(new(big.Rat).SetFloat64(f))
}

// decimalText tells a decimal as numbers that are equal to it.
func decimalText(d bson.Decimal128) string {
	switch {
	case d.IsNaN():
		return "nNaN"
	case d.IsInf() != 0:
		return "n" + strconv.FormatFloat(math.Inf(d.IsInf()), 'g', -1, 64)
	}
	digits, exponent, err := d.BigInt()
	const far = 400 // beyond what any other number reaches
	if err != nil || exponent > far || exponent < -far {
		return "n" + d.String()
	}
	r := new(big.Rat).SetInt(digits)
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		return ratText(r.Quo(r, power))
	}
	return ratText(r.Mul(r, power))
}

func ratText(r *big.Rat) string {
	if r.IsInt() {
		return "n" + r.Num().String()
	}
	return "n" + r.String()
}
