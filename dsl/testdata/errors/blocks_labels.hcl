source "tick" {} # error: missing label: source needs labels, its kind and its name: write source "KIND" "NAME" { ... }

source "tick" "in" "more" {} # error: extra label: source takes labels, its kind and its name

locals "x" {} # error: extra label: locals takes no label

variable {} # error: missing label: variable needs one label, its name
