// Command program is a program of WASI, which knows nothing of onstream.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	out := io.Writer(os.Stdout)
	if len(os.Args) > 1 && os.Args[1] == "-late" {
		b := bufio.NewWriter(os.Stdout)
		defer b.Flush()
		out = b
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		cmd, rest, _ := strings.Cut(in.Text(), ":")
		switch cmd {
		case "none":
		case "drop":
			fmt.Fprintln(out)
		case "twice":
			fmt.Fprintln(out, rest)
			fmt.Fprintln(out, rest)
		case "env":
			fmt.Fprintln(out, os.Getenv(rest))
		case "exit":
			fmt.Fprintln(os.Stderr, "I give up")
			os.Exit(3)
		case "end":
			os.Exit(0)
		case "open":
			_, err := os.Open(rest)
			fmt.Fprintln(out, err)
		case "spin":
			for {
			}
		default:
			fmt.Fprintln(out, strings.ToUpper(in.Text()))
		}
	}
}
