package abi

import (
	"encoding/binary"
	"math"
)

// A Setting is a name and a value.
type Setting struct {
	Name  string
	Type  Type // 0 for null
	Int   int64
	Float float64
	Text  string
}

// AppendSettings appends a frame of settings.
func AppendSettings(dst []byte, settings []Setting) []byte {
	size := HeaderSize + len(settings)*SettingSize
	for _, s := range settings {
		size += len(s.Name) + len(s.Text)
	}
	start := len(dst)
	dst = append(dst, make([]byte, size)...)
	frame := dst[start:]
	Header{SettingsFrame, uint32(size), uint32(len(settings)), HeaderSize, uint32(len(settings)), NoTime}.put(frame)
	at := HeaderSize + len(settings)*SettingSize
	for i, s := range settings {
		d := frame[HeaderSize+i*SettingSize:]
		binary.LittleEndian.PutUint32(d, uint32(at))
		binary.LittleEndian.PutUint32(d[4:], uint32(len(s.Name)))
		at += copy(frame[at:], s.Name)
		d[8] = byte(s.Type)
		number := uint64(s.Int)
		if s.Type == Float {
			number = math.Float64bits(s.Float)
		}
		binary.LittleEndian.PutUint64(d[16:], number)
		binary.LittleEndian.PutUint32(d[24:], uint32(at))
		binary.LittleEndian.PutUint32(d[28:], uint32(len(s.Text)))
		at += copy(frame[at:], s.Text)
	}
	return dst
}
