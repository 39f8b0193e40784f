// Go's compiler makes of all loops of a function one, whose turns begin with a table of where to go on, and looks behind each call whether the
// goroutine is to be put aside. So what most of the time goes into has loops that WebAssembly knows as such, and calls nothing.

#include "textflag.h"

// Addresses, but for what is said of others.
#define base R0   // of the object
#define limit R1  // behind the object
#define pos R2    // where we are
#define member R3 // where the member begins, which is where Go goes on with what is not understood here
#define value R4  // where its value begins; before that, how far its name is looked at
#define key R5    // how far the name that is looked for is looked at
#define left R6   // how many bytes of that are left
#define same R7   // 1 if the member has that name
#define word R8   // eight bytes
#define bits R9   // what is found in them

#define ones $0x0101010101010101
#define highs $-0x7f7f7f7f7f7f7f80

// BYTE puts the byte at an address.
#define BYTE(at) \
	Get at; \
	I32WrapI64; \
	I64Load8U $0

#define LONG(at) \
	Get at; \
	I32WrapI64; \
	I64Load $0

#define ADD(n, register) \
	Get register; \
	I64Const n; \
	I64Add; \
	Set register

// ATEND puts whether there is no more.
#define ATEND \
	Get pos; \
	Get limit; \
	I64GeU

// SPACES goes on behind spaces. Other blanks are Go's.
#define SPACES \
	Block; \
		Loop; \
			ATEND; \
			BrIf $1; \
			BYTE(pos); \
			I64Const $' '; \
			I64Ne; \
			BrIf $1; \
			ADD($1, pos); \
			Br $0; \
		End; \
	End

// NEXT sets word to the eight bytes at pos; zeros are those behind the object, of which nothing is read. Where there is none, it leaves the block
// around the loop that it is in.
#define NEXT \
	Get pos; \
	I64Const $8; \
	I64Add; \
	Tee bits; \
	Get limit; \
	I64LeU; \
	If; \
		LONG(pos); \
		Set word; \
	Else; \
		ATEND; \
		BrIf $2; \
		Get limit; \
		I64Const $8; \
		I64Sub; \
		I32WrapI64; \
		I64Load $0; \
		Get bits; \
		Get limit; \
		I64Sub; \
		I64Const $3; \
		I64Shl; \
		I64ShrU; \
		Set word; \
	End

// BELOW puts a number whose lowest bit is the high one of the first byte of a register that is less than c, which is in all bytes. It is right up to
// the first one, and that is all that is used of it.
#define BELOW(register, c) \
	Get register; \
	I64Const c; \
	I64Sub; \
	Get register; \
	I64Const $-1; \
	I64Xor; \
	I64And; \
	I64Const highs; \
	I64And

// EQUAL puts such a number for the first byte of word that is c.
#define EQUAL(c) \
	Get word; \
	I64Const c; \
	I64Xor; \
	Set bits; \
	BELOW(bits, ones)

// FIRST goes on at the first byte that such a number tells of; without one, at the next word.
#define FIRST \
	Tee bits; \
	I64Eqz; \
	If; \
		ADD($8, pos); \
		Br $1; \
	End; \
	Get pos; \
	Get bits; \
	I64Ctz; \
	I64Const $3; \
	I64ShrU; \
	I64Add; \
	Set pos

// STRING goes from behind the quote that begins a string to behind the one that ends it.
#define STRING \
	Block; \
		Loop; \
			NEXT; \
			EQUAL($0x2222222222222222); \
			EQUAL($0x5c5c5c5c5c5c5c5c); \
			I64Or; \
			FIRST; \
			BYTE(pos); \
			I64Const $'"'; \
			I64Eq; \
			If; \
				ADD($1, pos); \
				Br $2; \
			End; \
			ADD($2, pos); \
			Br $0; \
		End; \
	End

// SCALAR goes behind a number or a literal: to a comma, what ends an object or an array, or what is below '!'.
#define SCALAR \
	Block; \
		Loop; \
			NEXT; \
			EQUAL($0x2c2c2c2c2c2c2c2c); \
			EQUAL($0x7d7d7d7d7d7d7d7d); \
			I64Or; \
			EQUAL($0x5d5d5d5d5d5d5d5d); \
			I64Or; \
			BELOW(word, $0x2121212121212121); \
			I64Or; \
			FIRST; \
		End; \
	End

// NAME goes behind a name, and says whether it is the one that is looked for.
#define NAME \
	I64Const $0; \
	Set same; \
	I64Load name_len+40(FP); \
	Set left; \
	Get pos; \
	Get left; \
	I64Add; \
	Tee value; \
	Get limit; \
	I64LtU; \
	If; \
		BYTE(value); \
		I64Const $'"'; \
		I64Eq; \
		If; \
			I64Load name_base+32(FP); \
			Set key; \
			Get pos; \
			Set value; \
			COMPARE; \
		End; \
	End; \
	Get same; \
	I32WrapI64; \
	If; \
		Get value; \
		I64Const $1; \
		I64Add; \
		Set pos; \
	Else; \
		STRING; \
	End

#define COMPARE \
	Block; \
		Loop; \
			Get left; \
			I64Const $8; \
			I64GeU; \
			If; \
				LONG(value); \
				LONG(key); \
				I64Ne; \
				BrIf $2; \
				ADD($8, value); \
				ADD($8, key); \
				ADD($-8, left); \
				Br $1; \
			End; \
			Get left; \
			I64Eqz; \
			If; \
				I64Const $1; \
				Set same; \
				Br $2; \
			End; \
			BYTE(value); \
			BYTE(key); \
			I64Ne; \
			BrIf $1; \
			ADD($1, value); \
			ADD($1, key); \
			ADD($-1, left); \
			Br $0; \
		End; \
	End

// func scan(object []byte, i int, name string) (from, to int)
TEXT ·scan(SB), NOSPLIT, $0-64
	I64Load object_base+0(FP)
	Tee base
	I64Load object_len+8(FP)
	I64Add
	Set limit
	Get base
	I64Load i+24(FP)
	I64Add
	Tee pos
	Set member
	Block // that is left where something is not understood
		I64Load object_len+8(FP)
		I64Const $8
		I64LtU
		BrIf $0
		Loop
			Get pos
			Set member
			SPACES
			ATEND
			BrIf $1
			BYTE(pos)
			I64Const $'"'
			I64Ne
			BrIf $1
			ADD($1, pos)
			NAME
			SPACES
			ATEND
			BrIf $1
			BYTE(pos)
			I64Const $':'
			I64Ne
			BrIf $1
			ADD($1, pos)
			SPACES
			ATEND
			BrIf $1
			Get pos
			Set value
			BYTE(pos)
			Tee bits
			I64Const $'"'
			I64Eq
			If
				ADD($1, pos)
				STRING
			Else
				Get bits
				I64Const $('{' - '[') // the bit that tells them apart
				I64Or
				I64Const $'{'
				I64Eq
				BrIf $2
				SCALAR
				Get pos
				Get value
				I64Eq
				BrIf $2
			End
			ATEND
			BrIf $1
			Get same
			I32WrapI64
			If
				Get SP
				Get value
				Get base
				I64Sub
				I64Store from+48(FP)
				Get SP
				Get pos
				Get base
				I64Sub
				I64Store to+56(FP)
				RET
			End
			SPACES
			ATEND
			BrIf $1
			BYTE(pos)
			I64Const $','
			I64Ne
			BrIf $1
			ADD($1, pos)
			Br $0
		End
	End
	Get SP
	I64Const $0
	I64Store from+48(FP)
	Get SP
	Get member
	Get base
	I64Sub
	I64Store to+56(FP)
	RET
