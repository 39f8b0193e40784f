module github.com/onstream/onstream/wasm/testdata/foreign/wasi

go 1.24
