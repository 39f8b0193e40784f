package golden_test

import (
	"fmt"

	"github.com/onstream/onstream/wasm/golden"
)

func ExampleParse() {
	f, err := golden.Parse("limit.json", []byte(`{
		"config": {"limit": 25.0},
		"steps": [
			{"doc": "readings above the limit go on", "records": [{"value": "30"}, {"value": "20"}], "want": [{"value": "30"}]},
			{"advance": "1m"}
		]
	}`))
	fmt.Println(f.Steps(), err)
	_, err = golden.Parse("limit.json", []byte(`{"steps": [{"record": []}]}`))
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// limit.json: step 1: there is no "record" here: correct the name, or leave it out
}
