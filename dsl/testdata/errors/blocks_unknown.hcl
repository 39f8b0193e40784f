sorce "tick" "in" {} # error: unknown block: did you mean "source"?

thing {} # error: unknown block: nothing called "thing"

colour = "red" # error: unknown attribute: nothing called "colour"
