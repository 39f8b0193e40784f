variable "url" { default = "x" }

locals {
  a = var.urls        # error: unknown variable: there is no variable "urls"; did you mean "url"?
  b = local.aa       # error: unknown local: there is no local "aa"; did you mean "a"?
  c = event.x        # error: not available here: event is known for each record only
  d = setting.x      # error: not available here: setting is known for each record only
  e = source.in      # error: reference used as a value: source.in names a block
  f = path.pipelin   # error: unknown path: did you mean "pipeline"?
  g = node.nam       # error: unknown attribute of node: did you mean "name"?
  h = each.key       # error: not available yet: each belongs to repeated blocks
  i = json           # error: unknown name: if it is a string, put it in quotes
  j = vars.url        # error: unknown name: did you mean "var"?
  l = found.x        # error: not available here: found is known for each record only
  m = agg::count()   # error: unknown function: agg::count is available in emit of a window only
  k = var            # error: incomplete name: write var.NAME
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
