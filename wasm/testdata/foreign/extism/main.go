// Command plugin is a plug-in of Extism, as its own development kit builds it.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/extism/go-pdk"
)

//go:wasmexport transform
func transform() int32 {
	in := pdk.InputString()
	cmd, rest, _ := strings.Cut(in, ":")
	switch cmd {
	case "drop":
	case "fail":
		pdk.SetError(errors.New(rest))
		return 1
	case "silent":
		return 2
	case "config":
		v, ok := pdk.GetConfig(rest)
		pdk.OutputString(strconv.FormatBool(ok) + " " + v)
	case "count":
		n := pdk.GetVarInt("n") + 1
		pdk.SetVarInt("n", n)
		pdk.OutputString(strconv.Itoa(n))
	case "forget":
		pdk.RemoveVar("n")
		pdk.OutputString("forgotten")
	case "log":
		pdk.Log(pdk.LogInfo, rest)
		pdk.OutputString("logged")
	case "panic":
		panic(rest)
	case "spin":
		for {
		}
	case "http":
		answer := pdk.NewHTTPRequest(pdk.MethodPost, rest).SetHeader("X-Ask", "it").SetBody([]byte("body")).Send()
		pdk.OutputString(strconv.Itoa(int(answer.Status())) + " " + answer.Headers()["x-answer"] + " " + string(answer.Body()))
	default:
		pdk.OutputString(strings.ToUpper(in))
	}
	return 0
}

func main() {}
