source "feed" "wrong" {
  format = "jsn" # error: unknown format: there is no format "jsn"; did you mean "json"?
}

source "once" "missing" {} # error: missing format: known: csv, json, raw

source "feed" "other_options" {
  csv { # error: options of another format: the format here is json; write json { ... } or format = "csv"
    delimiter = ";"
  }
}

source "feed" "delimiter" {
  format = "csv"
  csv {
    delimiter = ";;" # error: invalid configuration: the delimiter is one character
  }
}

source "feed" "unknown" {
  format = "csv"
  csv {
    delimter = ";" # error: unknown attribute: format csv has nothing called "delimter"; did you mean "delimiter"?
  }
}

source "feed" "columns" {
  format = "csv"
  schema = schema.reading
  csv {
    columns = ["a"] # error: invalid configuration: the field b is not among the columns
  }
}

schema "reading" {
  fields = { a = string, b = int }
}

source "feed" "any" {}

sink "print" "out" { # error: invalid configuration: the columns are not known
  from   = source.any
  format = "csv"
}
