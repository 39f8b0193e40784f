package codec_test

import (
	"os"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// TestWhatOthersWrote reads what libraries of another language have written
// (testdata/schemas/write.py).
func TestWhatOthersWrote(t *testing.T) {
	t.Parallel()
	const (
		avroWant = `{"device":"d0","temp":null,"n":0,"at":"2026-01-31T08:00:00.123Z","day":"2026-01-31T00:00:00Z","mode":"AUTO","price":0.00,"gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[],"raw":"AP8A","value":7}
{"device":"d1","temp":22.5,"n":-1,"at":"2026-01-31T08:00:01.123Z","day":"2026-01-31T00:00:00Z","mode":"MANUAL","price":19.99,"gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[0],"raw":"AP8B","value":"seven"}
{"device":"d2","temp":23.5,"n":-2,"at":"2026-01-31T08:00:02.123Z","day":"2026-01-31T00:00:00Z","mode":"AUTO","price":39.98,"gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[0,1],"raw":"AP8C","value":null}
`
		protoWant = `{"device":"d0","n":0,"at":"2026-01-31T08:00:00.123Z","mode":"AUTO","gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[],"raw":"AP8A","count":7}
{"device":"d1","temp":22.5,"n":-1,"at":"2026-01-31T08:00:01.123Z","mode":"MANUAL","gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[0],"raw":"AP8B","text":"seven"}
{"device":"d2","temp":23.5,"n":-2,"at":"2026-01-31T08:00:02.123Z","mode":"AUTO","gps":{"lat":48.5,"lon":9.25},"tags":{"site":"plant-5"},"samples":[0,1],"raw":"AP8C"}
`
	)
	tests := []struct {
		format, file string
		o            options
		want         string
	}{
		{"avro", "avro.bin", options{"schema_file": "testdata/schemas/readings.avsc"}, avroWant},
		{"protobuf", "protobuf.bin", options{"proto_file": "testdata/schemas/readings.proto", "message": "plant.Reading", "wire": "delimited"}, protoWant},
		{"protobuf", "protobuf.bin", options{"descriptor_file": "testdata/schemas/readings.binpb", "message": "plant.Reading", "wire": "delimited"}, protoWant},
	}
	for _, tt := range tests {
		stream, err := os.ReadFile("testdata/schemas/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		c := codecNamed(t, tt.format)
		b := batchFrom(t, c, tt.o, stream)
		home := encoder(t, codecNamed(t, "json"), nil, plugins.Shape{Format: tt.format})
		decoder(t, c, tt.o, plugins.Type{}, home.Needs()...).Decode(b)
		if got := encoded(home, framing(t, codecNamed(t, "json"), nil), b); got != tt.want || len(b.Failures) > 0 {
			t.Errorf("%v: got\n%s%v, want\n%s", tt.o, got, b.Failures, tt.want)
		}
	}
}
