package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash/crc32"
	"hash/fnv"
	"io"
)

// hashFunctions digest texts (in UTF-8) and bytes.
func hashFunctions() []*Function {
	const category = "hashes"
	digest := func(name, doc, result string, sum func(data string) []byte) *Function {
		return define("hash::"+name, category, doc, example(`substr(hash::`+name+`("abc"), 0, 8)`, result),
			of1("text", func(text string) string { return hex.EncodeToString(sum(text)) }),
			of1("data", func(data binaryData) string { return hex.EncodeToString(sum(string(data))) }))
	}
	return []*Function{
		digest("md5", "Returns the MD5 digest in hexadecimal. Not for security.", `"90015098"`, func(s string) []byte { d := md5.Sum([]byte(s)); return d[:] }),
		digest("sha1", "Returns the SHA-1 digest in hexadecimal. Not for security.", `"a9993e36"`, func(s string) []byte { d := sha1.Sum([]byte(s)); return d[:] }),
		digest("sha256", "Returns the SHA-256 digest in hexadecimal.", `"ba7816bf"`, func(s string) []byte { d := sha256.Sum256([]byte(s)); return d[:] }),
		digest("sha512", "Returns the SHA-512 digest in hexadecimal.", `"ddaf35a1"`, func(s string) []byte { d := sha512.Sum512([]byte(s)); return d[:] }),
		define("hash::crc32", category, "Returns the CRC-32 checksum (IEEE).", example(`hash::crc32("abc")`, `891568578`),
			of1("text", func(text string) int64 { return int64(crc32.ChecksumIEEE([]byte(text))) }),
			of1("data", func(data binaryData) int64 { return int64(crc32.ChecksumIEEE([]byte(data))) })),
		define("hash::fnv64", category, "Returns the FNV-1a hash of 64 bits as an int, which may be negative: good for spreading keys.",
			example(`mod(hash::fnv64("d-17"), 4)`, `2`),
			of1("text", fnv64), of1("data", func(data binaryData) int64 { return fnv64(string(data)) })),
	}
}

func fnv64(text string) int64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, text) // a hash takes everything
	return int64(h.Sum64())
}
