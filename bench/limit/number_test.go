package limit

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestNumber(t *testing.T) {
	check := func(token string) {
		t.Helper()
		// What follows a token must not matter.
		for _, after := range []string{"\n", ",\"", ".5", "999999999"} {
			b := append([]byte("7"+token+after), make([]byte, slack)...)
			got, ok := number(b, 1, 1+len(token))
			var want float64
			valid := json.Unmarshal([]byte(token), &want) == nil && token != "null"
			if ok != valid || ok && math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%q: got %v %v, want %v %v", token, got, ok, want, valid)
			}
		}
	}
	for _, token := range []string{"", "-", ".", "0", "-0", "00", "01", "0.0", "1.", ".1", "1..2", "1e5", "1E-5", "1e", "12a4", "0x10", "1_0",
		"Inf", "NaN", "null", "\x80", "1\xb0", "0.1234567", "12345678", "123456789", "4.35", "0.000001", "9007199254740993", "1e400", "5e-324"} {
		check(token)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		check(strconv.FormatFloat(rng.NormFloat64()*math.Pow10(rng.IntN(8)), 'f', rng.IntN(9), 64))
		random := make([]byte, rng.IntN(9))
		for i := range random {
			random[i] = "0123456789.-e"[rng.IntN(13)]
		}
		check(string(random))
	}
}

func TestInteger(t *testing.T) {
	check := func(token string) {
		t.Helper()
		for _, after := range []string{"\n", ",\"", "999999999"} {
			b := append([]byte("7"+token+after), make([]byte, slack)...)
			got, ok := integer(b, 1, 1+len(token))
			var want int64
			valid := json.Unmarshal([]byte(token), &want) == nil && token != "null"
			if ok != valid || ok && got != want {
				t.Fatalf("%q: got %v %v, want %v %v", token, got, ok, want, valid)
			}
		}
	}
	for _, token := range []string{"", "-", "0", "-0", "00", "0123456789", "1.5", "1e5", "null", "1700000000000", "170000000000x",
		"1\xb00000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1700000000.00"} {
		check(token)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		check(strconv.FormatInt(rng.Int64()>>rng.IntN(64), 10))
		random := make([]byte, rng.IntN(18))
		for i := range random {
			random[i] = "0123456789012345678901234567890123456789.-e"[rng.IntN(43)]
		}
		check(string(random))
	}
}

func TestAppendFloat(t *testing.T) {
	check := func(f float64) {
		t.Helper()
		got := string(appendFloat([]byte("x"), f))
		if want := "x" + strconv.FormatFloat(f, 'f', -1, 64); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 0.001, 0.0005, 0.0015, 1, 10, 100.5, 167.09, 1e9, 999999999.999, 1e21, 1e-7, -3.25, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.NaN(), 0.1 + 0.2, 1.0000000000000002} {
		check(f)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 1_000_000 {
		f := float64(rng.IntN(20_000)) / 100
		check(f*9/5 + 32)
		check(float64(rng.Uint64N(1e12)) / 1000)
		check(math.Nextafter(float64(rng.Uint64N(1e12))/1000, 0))
	}
}
