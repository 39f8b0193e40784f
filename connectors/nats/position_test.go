package nats

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

func FuzzPosition(f *testing.F) {
	f.Add([]byte(place{created: 1, partitions: 4, seq: 9, time: 8}.encode()))
	f.Add([]byte{})
	f.Add([]byte{1, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePlace(b)
		if err != nil {
			return
		}
		again, err := decodePlace(p.encode())
		if err != nil || again != p {
			t.Errorf("%v is %v when it is read again (%v)", p, again, err)
		}
	})
}

func TestPositionRefusesDamage(t *testing.T) {
	t.Parallel()
	whole := place{created: 1 << 60, partitions: 256, seq: 1 << 63, time: 1 << 60}.encode()
	for n := range len(whole) {
		if _, err := decodePlace(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for a position", n, len(whole))
		}
	}
	for _, damaged := range []plugins.Position{append(whole[:len(whole):len(whole)], 0), append(plugins.Position{9}, whole[1:]...), place{}.encode(), place{partitions: 257}.encode()} {
		if _, err := decodePlace(damaged); err == nil {
			t.Errorf("%v is taken for a position", damaged)
		}
	}
}
