package abi_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
)

// The bytes of a frame are those that ABI.md describes.
func TestRecordsAreWritten(t *testing.T) {
	t.Parallel()
	frame := make([]byte, abi.RecordsSize(2, 1, len("key")+len("value")+len("name")+len("text")))
	w := abi.NewRecordsWriter(frame, 2, 1, 7)
	w.Add(1, 2, []byte("key"), []byte("value"), abi.HasKey|abi.HasTime)
	w.AddHeader([]byte("name"), []byte("text"))
	w.Add(abi.NoTime, 0, nil, nil, 0)
	want := strings.Join([]string{
		"4f4e5331 01000000 90000000 02000000 20000000 02000000 0700000000000000",
		"0100000000000000 0200000000000000 80000000 03000000 83000000 05000000 70000000 0100 0300",
		"0000000000000080 0000000000000000 90000000 00000000 90000000 00000000 80000000 0000 0000",
		"88000000 04000000 8c000000 04000000",
		hex.EncodeToString([]byte("keyvaluenametext")),
	}, "")
	if got := hex.EncodeToString(frame); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("it is\n%s, not\n%s", got, strings.ReplaceAll(want, " ", ""))
	}
}

func TestSettingsAreWritten(t *testing.T) {
	t.Parallel()
	got := abi.AppendSettings(nil, []abi.Setting{{Name: "a", Type: abi.Float, Float: 1}, {Name: "bc", Type: abi.Text, Text: "xyz"}})
	want := "4f4e5331 05000000 66000000 02000000 20000000 02000000 0000000000000080" +
		"60000000 01000000 03 00000000000000 000000000000f03f 61000000 00000000" +
		"61000000 02000000 04 00000000000000 0000000000000000 63000000 03000000" + hex.EncodeToString([]byte("abcxyz"))
	if hex.EncodeToString(got) != strings.ReplaceAll(want, " ", "") {
		t.Errorf("it is %x", got)
	}
}

func TestTimersAreWritten(t *testing.T) {
	t.Parallel()
	frame := make([]byte, abi.TimersSize(1, 2))
	w := abi.NewTimersWriter(frame, 1, 7)
	w.Add(9, 3, abi.ProcessingTime, []byte("ab"))
	want := "4f4e5331 04000000 42000000 01000000 20000000 01000000 0700000000000000" + "0900000000000000 0300000000000000 40000000 02000000 0100000000000000 6162"
	if hex.EncodeToString(frame) != strings.ReplaceAll(want, " ", "") {
		t.Errorf("it is %x", frame)
	}
}

// Columns are read as they are written.
func TestColumns(t *testing.T) {
	t.Parallel()
	const rows = 11
	size := abi.HeaderSize + 2*abi.ColumnSize + abi.ColumnRoom(abi.Float, rows, 0, true) + abi.ColumnRoom(abi.Text, rows, 20, false)
	frame := make([]byte, size)
	w := abi.NewColumnsWriter(frame, rows, 2, abi.NoTime)
	f := w.Add(abi.Float, 0, 0, true)
	f.Data[8] = 5
	f.SetValid(1)
	f.SetValid(10)
	s := w.Add(abi.Text, 1, 20, false)
	copy(s.Data, "ab")
	for i := range rows {
		binary.LittleEndian.PutUint32(s.Offsets[4*i+4:], uint32(min(i, 2)))
	}
	c, err := abi.ParseColumns(frame, rows)
	if err != nil {
		t.Fatal(err)
	}
	got, text := c.At(0, rows), c.At(1, rows)
	if got.Type != abi.Float || got.Data[8] != 5 || got.Valid(0) || !got.Valid(1) || !got.Valid(10) {
		t.Errorf("the first is %+v", got)
	}
	if text.Field != 1 || !text.Valid(3) || string(text.Span(1)) != "a" || string(text.Span(2)) != "b" || len(text.Span(10)) != 0 {
		t.Errorf("the second is %+v", text)
	}
}

// record is the descriptor of a record that a guest returns.
func record(row uint32, port uint16, flags, status uint8, spans ...uint32) []byte {
	d := make([]byte, abi.RecordSize)
	binary.LittleEndian.PutUint32(d[8:], row)
	binary.LittleEndian.PutUint16(d[12:], port)
	d[14], d[15] = flags, status
	for i, s := range spans {
		binary.LittleEndian.PutUint32(d[16+4*i:], s)
	}
	return d
}

// frame is a header before descriptors and other bytes.
func frame(kind abi.Kind, rows, count int, rest ...[]byte) []byte {
	body := bytes.Join(rest, nil)
	h := make([]byte, abi.HeaderSize)
	binary.LittleEndian.PutUint32(h, abi.Magic)
	h[4] = byte(kind)
	for i, v := range []int{abi.HeaderSize + len(body), rows, abi.HeaderSize, count} {
		binary.LittleEndian.PutUint32(h[8+4*i:], uint32(v))
	}
	return append(h, body...)
}

func TestRecordsAreRead(t *testing.T) {
	t.Parallel()
	r, err := abi.ParseRecords(frame(abi.RecordsFrame, 0, 2, record(3, 1, abi.SameKey, abi.Emit, 0, 0, 112, 2), record(abi.NoRow, 0, 0, 0, 113, 1), []byte("hi")), 4, 2, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := r.At(0), r.At(1)
	if r.Len() != 2 || first.Row != 3 || first.Port != 1 || first.Flags != abi.SameKey || string(first.Value) != "hi" || second.Row != abi.NoRow || string(second.Key) != "i" {
		t.Errorf("it is %+v, %+v", first, second)
	}
}

// What is not inside of the frame, or not known, is an error that says what it is.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const last = 1<<32 - 1
	changed := func(at int, v byte) []byte {
		f := frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0))
		f[at] = v
		return f
	}
	for i, c := range []struct {
		frame []byte
		want  string
	}{
		{nil, "it is shorter than the header of a frame"},
		{changed(0, 'X'), "it begins with 0x31534e58, not with ONS1"},
		{changed(4, 9), "its kind is unknown (9)"},
		{changed(4, byte(abi.TimersFrame)), "it is a frame of timers, not of records"},
		{changed(6, 1), "bytes 5 to 7 are not zero"},
		{changed(8, 200), "it says that it has 200 bytes, of 72"},
		{changed(16, 33), "its 1 descriptors at 33 are outside of its 72 bytes"},
		{changed(23, 255), "its 4278190081 descriptors at 32 are outside of its 72 bytes"},
		{frame(abi.RecordsFrame, 0, 1, record(4, 0, 0, 0)), "record 0: it is of row 4, there are 4"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 2, 0, 0)), "record 0: it is for port 2, there are 2"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 32, 0)), "record 0: its flags 0x20 are not known"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 3)), "record 0: its status 3 is not known"},
		{frame(abi.RecordsFrame, 0, 1, record(abi.NoRow, 0, abi.SameValue, 0)), "record 0: it is of no row, and says that something is as there"},
		{frame(abi.RecordsFrame, 0, 2, record(0, 0, 0, 0, 0, 30), record(0, 0, 0, 0, 0, 30)), "it has more than 50 bytes of keys, values and headers"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, 0, 0, 0, 0, 72, 4), make([]byte, 64)), "it has more than 50 bytes of keys, values and headers"},
		{frame(abi.RecordsFrame, 0, 1, record(abi.NoRow, 0, 0, abi.Retry)), "or that the row fails"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, last, last)), "record 0: its key is outside of the frame"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, 0, 0, 72, 1)), "record 0: its value is outside of the frame"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, 0, 0, 0, 0, last, 2)), "record 0: its headers are outside of the frame"},
		{frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, 0, 0, 0, 0, 72, 1), binary.LittleEndian.AppendUint64(nil, last<<32|last), make([]byte, 8)), "record 0: a header is outside of the frame"},
	} {
		if _, err := abi.ParseRecords(c.frame, 4, 2, 50, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("case %d gives %v, not %s", i, err, c.want)
		}
	}
	column := func(typ byte, data, length, validity, validityLength, offsets uint32) []byte {
		d := make([]byte, abi.ColumnSize)
		d[0] = typ
		for i, v := range []uint32{data, length, validity, validityLength, offsets} {
			binary.LittleEndian.PutUint32(d[8+4*i:], v)
		}
		return frame(abi.ColumnsFrame, 9, 1, d, make([]byte, 80))
	}
	for i, c := range []struct {
		frame []byte
		want  string
	}{
		{column(0, 0, 0, 0, 0, 0), "its type is unknown (0)"},
		{column(byte(abi.Int), last, last, 0, 0, 0), "a part of it is outside of the frame"},
		{column(byte(abi.Int), 64, 71, 0, 0, 0), "it has 71 bytes, for 9 rows"},
		{column(byte(abi.Selection), 64, 1, 0, 0, 0), "it has 1 bytes, for 9 rows"},
		{column(byte(abi.Int), 64, 72, 64, 1, 0), "its validity has 1 bytes, for 9 rows"},
		{column(byte(abi.Text), 64, 8, 0, 0, 110), "a part of it is outside of the frame"},
		{column(byte(abi.Text), 64, 8, 0, 0, last), "a part of it is outside of the frame"},
		{column(byte(abi.Text), 64, 8, 0, 0, 32), "an offset is"},
		{frame(abi.ColumnsFrame, 8, 0), "its columns have 8 rows, there are 9"},
	} {
		if _, err := abi.ParseColumns(c.frame, 9); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("column %d gives %v, not %s", i, err, c.want)
		}
	}
	if _, err := abi.ParseSelection(frame(abi.SelectionFrame, 9, 1, []byte{1}), 9); err == nil || !strings.Contains(err.Error(), "it is a selection of 9 rows in 1 bytes, there are 9 rows") {
		t.Errorf("a short bitmap gives %v", err)
	}
	if bits, err := abi.ParseSelection(frame(abi.SelectionFrame, 9, 2, []byte{1, 1}), 9); err != nil || !abi.Bit(bits, 8) || abi.Bit(bits, 7) {
		t.Errorf("a bitmap is %v, %v", bits, err)
	}
}

// FuzzParse gives any bytes as what a guest returns: what was parsed can be read to the end.
func FuzzParse(f *testing.F) {
	f.Add(frame(abi.RecordsFrame, 0, 1, record(0, 0, 0, 0, 0, 32, 0, 32, 40, 2)))
	f.Add(frame(abi.SelectionFrame, 9, 2, []byte{1, 1}))
	d := make([]byte, abi.ColumnSize)
	d[0], d[24] = byte(abi.Text), 64
	f.Add(frame(abi.ColumnsFrame, 9, 1, d, make([]byte, 40)))
	f.Fuzz(func(_ *testing.T, data []byte) {
		sum := 0
		if r, err := abi.ParseRecords(data, 9, 2, 1000, nil); err == nil {
			for i := range r.Len() {
				rec := r.At(i)
				sum += len(rec.Key) + len(rec.Value)
				for k := range rec.Headers.Len() {
					name, value := rec.Headers.At(k)
					sum += len(name) + len(value)
				}
			}
		}
		if b, err := abi.ParseSelection(data, 9); err == nil && abi.Bit(b, 8) {
			sum++
		}
		if c, err := abi.ParseColumns(data, 9); err == nil {
			for i := range c.Len() {
				col := c.At(i, 9)
				for k := range 9 {
					switch {
					case col.Type == abi.Selection && abi.Bit(col.Data, k):
						sum++
					case col.Type == abi.Selection || !col.Valid(k):
					case col.Offsets != nil:
						sum += len(col.Span(k))
					default:
						sum += int(col.Data[k*col.Type.Width()])
					}
				}
			}
		}
		_ = fmt.Sprint(sum) // all of it was read
	})
}
