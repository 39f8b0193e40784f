schema "reading" {
  fields = { a = int }
}

source "feed" "misspelt" {
  schema = schema.raeding # error: unknown schema: there is no schema "raeding"; did you mean "reading"?
}

source "feed" "quoted" {
  schema = "reading" # error: not a schema: write schema = schema.NAME; known: reading
}

sink "print" "out" {
  from = [source.misspelt, source.quoted]
}
