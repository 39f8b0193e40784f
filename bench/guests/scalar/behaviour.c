// The guest c, a byte at a time: what metering costs is told of this.
#undef __wasm_simd128__
#include "../c/behaviour.c"
