package binary

// effect returns how many values an instruction takes from the stack and how many it leaves there, of those for which that depends on
// nothing but which it is. sub is the second part of those that have one.
func effect(op byte, sub uint32) (takes, gives int) {
	switch {
	case op == opMore:
		return moreEffect(sub)
	case op == opVector:
		return vectorEffect(sub)
	case op == opDrop || op == opBrIf || op == opBrTable || op == opLocalSet || op == opGlobalSet:
		return 1, 0
	case op == opSelect || op == opSelectTyped:
		return 3, 1
	case op == opLocalGet || op == opGlobalGet || op == opMemorySize || op >= opI32Const && op <= opF64Const || op == opRefNull || op == opRefFunc:
		return 0, 1
	case op == opTableSet || op >= opFirstStore && op <= opStore:
		return 2, 0
	case op >= opNumeric && op <= opExtend && isBinary(op):
		return 2, 1
	case op == opLocalTee || op == opTableGet || op >= opLoad && op < opFirstStore || op == opMemoryGrow || op >= opNumeric && op <= opExtend || op == opRefIsNull:
		return 1, 1
	}
	return 0, 0
}

// isBinary reports whether an instruction on numbers has two of them.
func isBinary(op byte) bool {
	for _, r := range [...][2]byte{
		{0x46, 0x4f}, {0x51, 0x66}, // comparisons
		{0x6a, 0x78}, {0x7c, 0x8a}, {0x92, 0x98}, {0xa0, 0xa6}, // of i32, i64, f32, f64
	} {
		if op >= r[0] && op <= r[1] {
			return true
		}
	}
	return false
}

func moreEffect(sub uint32) (takes, gives int) {
	switch sub {
	case 9, 13: // data.drop, elem.drop
		return 0, 0
	case 15: // table.grow
		return 2, 1
	case 16: // table.size
		return 0, 1
	}
	if sub < 8 { // saturating conversions
		return 1, 1
	}
	return 3, 0 // of memories and tables
}

func vectorEffect(sub uint32) (takes, gives int) {
	switch {
	case sub == 11 || sub >= 88 && sub <= 91: // v128.store, of a lane too
		return 2, 0
	case sub == vecConst:
		return 0, 1
	case sub == 82: // v128.bitselect
		return 3, 1
	case isUnaryVector(sub):
		return 1, 1
	}
	return 2, 1
}

// isUnaryVector reports whether an instruction on vectors takes one value.
func isUnaryVector(sub uint32) bool {
	for _, r := range [...][2]uint32{
		{0, 10}, {15, 20}, {92, 93}, // loads, splats
		{21, 22}, {24, 25}, {27, 27}, {29, 29}, {31, 31}, {33, 33}, // lanes that are taken out
		{77, 77}, {83, 83}, {94, 95}, // v128.not, any_true, f32x4.demote, f64x2.promote
		{96, 100}, {103, 106}, {116, 117}, {122, 122}, {124, 129}, {131, 132}, {135, 138}, {148, 148}, // i8x16, i16x8, f32x4, f64x2
		{160, 161}, {163, 164}, {167, 170}, {192, 193}, {195, 196}, {199, 202}, // i32x4, i64x2
		{224, 225}, {227, 227}, {236, 237}, {239, 239}, {248, 255}, // f32x4, f64x2, conversions
	} {
		if sub >= r[0] && sub <= r[1] {
			return true
		}
	}
	return false
}
