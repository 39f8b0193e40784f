package project

// A Language is one in which plugins are begun.
type Language string

// The languages that have a template.
const (
	Go     Language = "go"
	Python Language = "python"
	Node   Language = "node"
)

// Languages returns all of them.
func Languages() []Language { return []Language{Go, Python, Node} }

// String returns the name as people write it.
func (l Language) String() string {
	switch l {
	case Go:
		return "Go"
	case Python:
		return "Python"
	}
	return "JavaScript"
}

// told is what the README says of a language.
type told struct{ build, test, files, note string }

func (l Language) told() told {
	switch l {
	case Go:
		return told{
			build: "go build -o bin/onstream-{{.Name}} .",
			test:  "go test .",
			files: goFiles,
			note:  goNote,
		}
	case Python:
		return told{
			build: "python3 build.py",
			test:  ".venv/bin/python -m unittest",
			files: pythonFiles,
			note:  startNote,
		}
	}
	return told{
		build: "npm install && node build.js",
		test:  "node --test",
		files: nodeFiles,
		note:  startNote,
	}
}

const (
	goFiles = `| file | is |
|---|---|
| ` + "`main.go`" + ` | the plugin: its name and its kinds |
| ` + "`meter.go`, `classify.go`, `journal.go`" + ` | a kind each |
| ` + "`plugin_test.go`" + ` | tests |
| ` + "`pipeline/main.hcl`" + ` | a pipeline with all of them |
`
	goNote = `The plugin is built with a release of onstream. To build it with a checkout, and without a network, first run

` + "```sh" + `
go mod edit -replace github.com/onstream/onstream=/path/of/the/checkout
cp /path/of/the/checkout/go.sum . && go build -mod=mod .
` + "```" + `
`
	pythonFiles = `| file | is |
|---|---|
| ` + "`main.py`" + ` | the plugin: its kinds |
| ` + "`test_main.py`" + ` | tests |
| ` + "`onstream_plugin.py`" + ` | the runtime, which speaks the protocol; its beginning says how kinds are written |
| ` + "`onstream_plugin_pb2.py`, `plugin.proto`" + ` | the protocol, as Python wants it and as people read it |
| ` + "`build.py`, `requirements.txt`" + ` | makes the program and ` + "`.venv`" + `, its packages |
| ` + "`pipeline/main.hcl`" + ` | a pipeline with all of them |
`
	nodeFiles = `| file | is |
|---|---|
| ` + "`main.js`" + ` | the plugin: its kinds |
| ` + "`main.test.js`" + ` | tests |
| ` + "`onstream.js`" + ` | the runtime, which speaks the protocol; its beginning says how kinds are written |
| ` + "`plugin.proto`" + ` | the protocol, which the runtime loads |
| ` + "`build.js`, `package.json`" + ` | makes the program; its packages |
| ` + "`pipeline/main.hcl`" + ` | a pipeline with all of them |
`
	startNote = `The program is a start script: onstream gives a plugin no PATH, so the script says where the interpreter and the sources are. It knows the digests of
the sources, and starts no others. So its sha256 stands for them, but not for the packages and the interpreter.
`
)
