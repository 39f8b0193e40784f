package codec

import "math"

// avroLogical is what the values of a type stand for.
type avroLogical uint8

const (
	avroPlain avroLogical = iota
	avroDate
	avroTimeMillis
	avroTimeMicros
	avroMillis
	avroMicros
	avroNanos
	avroDecimal
	avroUUID
)

// maxScale is how many places after the point a decimal may have.
const maxScale = 1000

// logically sets the logical type that the attributes of a type name. One that does not
// go with the type, or is not known, is passed over, as the specification wants.
func (t *avroType) logically(m map[string]any) {
	name, _ := m["logicalType"].(string)
	switch {
	case t.kind == avroInt && name == "date":
		t.logical = avroDate
	case t.kind == avroInt && name == "time-millis":
		t.logical = avroTimeMillis
	case t.kind == avroLong:
		t.logical = avroLongLogical(name)
	case t.kind == avroFixed && t.size == 16 && name == "uuid":
		t.logical = avroUUID
	case (t.kind == avroFixed || t.kind == avroBytes) && name == "decimal":
		t.decimally(m)
	}
}

func avroLongLogical(name string) avroLogical {
	switch name {
	case "time-micros":
		return avroTimeMicros
	case "timestamp-millis", "local-timestamp-millis":
		return avroMillis
	case "timestamp-micros", "local-timestamp-micros":
		return avroMicros
	case "timestamp-nanos", "local-timestamp-nanos":
		return avroNanos
	}
	return avroPlain
}

func (t *avroType) decimally(m map[string]any) {
	digits, ok := avroWhole(m["precision"])
	scale, whole := avroWhole(m["scale"])
	switch {
	case !ok || digits <= 0 || m["scale"] != nil && !whole:
	case scale < 0 || scale > digits || scale > maxScale:
	case t.size > 0 && digits > int(8*float64(t.size)*math.Log10(2)): // more than fit into its bytes
	default:
		t.logical, t.scale, t.digits = avroDecimal, scale, digits
	}
}

// unit is how many nanoseconds a number of a type is that stands for a time or
// a duration, 0 for other types.
func (t *avroType) unit() int64 {
	switch t.logical {
	case avroDate:
		return 86400e9
	case avroTimeMillis, avroMillis:
		return 1e6
	case avroTimeMicros, avroMicros:
		return 1e3
	case avroNanos:
		return 1
	}
	return 0
}
