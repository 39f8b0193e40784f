package expr

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"unicode/utf8"
)

// codecFunctions write bytes as text and read them back.
func codecFunctions() []*Function {
	const category = "encodings"
	encode := func(name, doc, result string, f func(data []byte) string) *Function {
		return define("codec::"+name, category, doc, example(`codec::`+name+`("a?>")`, result),
			of1("text", func(text string) string { return f([]byte(text)) }),
			of1("data", func(data binaryData) string { return f([]byte(data)) }))
	}
	decode := func(name, doc, sample string, f func(text string) ([]byte, error)) *Function {
		return define("codec::"+name, category, doc, example(`string(codec::`+name+`("`+sample+`"))`, `"a?>"`),
			try1("text", func(text string) (binaryData, error) {
				data, err := f(text)
				if err != nil {
					return "", errors.New("the text cannot be decoded: " + err.Error())
				}
				return binaryData(data), nil
			})).fallible()
	}
	return []*Function{
		encode("base64_encode", "Returns data in base64.", `"YT8+"`, base64.StdEncoding.EncodeToString),
		decode("base64_decode", "Returns the bytes that base64 stands for.", "YT8+", base64.StdEncoding.DecodeString),
		encode("base64url_encode", "Returns data in base64 for URLs, without padding.", `"YT8-"`, base64.RawURLEncoding.EncodeToString),
		decode("base64url_decode", "Returns the bytes that base64 for URLs, without padding, stands for.", "YT8-", base64.RawURLEncoding.DecodeString),
		encode("hex_encode", "Returns data in hexadecimal.", `"613f3e"`, hex.EncodeToString),
		decode("hex_decode", "Returns the bytes that hexadecimal stands for.", "613f3e", hex.DecodeString),
		define("codec::url_encode", category, "Returns text as part of a URL's query.", example(`codec::url_encode("a b&c")`, `"a+b%26c"`), of1("text", url.QueryEscape)),
		define("codec::url_decode", category, "Returns the text that part of a URL's query stands for.", example(`codec::url_decode("a+b%26c")`, `"a b&c"`),
			try1("text", func(text string) (string, error) {
				s, err := url.QueryUnescape(text)
				if err == nil && !utf8.ValidString(s) {
					err = errors.New(notUTF8)
				}
				return s, err
			})).fallible(),
	}
}

// textOfBytes returns the text that bytes are in UTF-8.
func textOfBytes(data binaryData) (string, error) {
	if !utf8.ValidString(string(data)) {
		return "", errors.New("the bytes are not valid UTF-8")
	}
	return string(data), nil
}
