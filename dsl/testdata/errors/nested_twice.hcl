source "tick" "in" {}

sink "print" "out" {
  from = source.in
  retry {}
  retry {} # error: duplicate block "retry": first declared at testdata/errors/nested_twice.hcl:5
}
