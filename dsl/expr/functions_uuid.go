package expr

import (
	"errors"

	"github.com/google/uuid"

	"github.com/onstream/onstream/plugins"
)

// uuidFunctions make identifiers.
func uuidFunctions() []*Function {
	const category = "identifiers"
	random := func(make func() (uuid.UUID, error)) Signature {
		return of0(func(plugins.Env) func() (string, error) {
			return func() (string, error) {
				id, err := make()
				return id.String(), err
			}
		})
	}
	return []*Function{
		define("uuid::v4", category, "Returns a new random UUID for each record.", example(`length(uuid::v4())`, `36`), random(uuid.NewRandom)).impure(),
		define("uuid::v7", category, "Returns a new UUID for each record that sorts by the time at which it was made.", example(`length(uuid::v7())`, `36`), random(uuid.NewV7)).impure(),
		define("uuid::v5", category, "Returns the UUID that stands for name in a namespace, itself a UUID: the same for the same name.",
			example(`uuid::v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")`, `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`),
			try2("namespace, name", func(namespace, name string) (string, error) {
				ns, err := uuid.Parse(namespace)
				if err != nil {
					return "", errors.New("the namespace is not a UUID: " + quoteShort(namespace))
				}
				return uuid.NewSHA1(ns, []byte(name)).String(), nil
			})).fallible(),
	}
}
