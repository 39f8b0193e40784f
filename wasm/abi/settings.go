package abi

import (
	"encoding/binary"
	"fmt"
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

// ParseSettings reads a frame of settings of a guest.
func ParseSettings(data []byte) ([]Setting, error) {
	h, frame, err := ParseHeader(data)
	if err != nil {
		return nil, err
	}
	if h.Kind != SettingsFrame {
		return nil, fmt.Errorf("it is a frame of %s, not of settings", h.Kind)
	}
	rows := h.descriptors(frame)
	settings := make([]Setting, 0, h.Count)
	for ; len(rows) > 0; rows = rows[SettingSize:] {
		name, ok := span(frame, rows)
		text, inside := span(frame, rows[24:])
		s := Setting{Name: string(name), Type: Type(rows[8]), Text: string(text)}
		if s.Type > JSON || !ok || !inside {
			return nil, fmt.Errorf("setting %d has the type %d, or its name or text is outside of the frame", len(settings), rows[8])
		}
		if number := binary.LittleEndian.Uint64(rows[16:]); s.Type == Float {
			s.Float = math.Float64frombits(number)
		} else {
			s.Int = int64(number)
		}
		settings = append(settings, s)
	}
	return settings, nil
}
