# Two packing lines. A scale weighs each package, a scanner a little further reads
# its label: both are joined, looked up, counted by the shift and held against the plan.

pipeline "line_join" {
  version = "1.0.0"
}

schema "weight" {
  fields = {
    line = string
    at   = time
    g    = float
  }
}

schema "label" {
  fields = {
    line = string
    at   = time
    code = string
  }
}

schema "plan" {
  fields = {
    line   = string
    at     = time # when it was made
    pieces = int
  }
}

source "file" "scales" {
  path   = "${path.pipeline}/weights.csv"
  format = "csv"
  schema = schema.weight
}

source "file" "scanners" {
  path   = "${path.pipeline}/labels.csv"
  format = "csv"
  schema = schema.label
}

source "file" "plans" {
  path   = "${path.pipeline}/plan.csv"
  format = "csv"
  schema = schema.plan
}

# The label is read up to four seconds after the scale. Which file is read first
# makes no difference.
transform "join" "package" {
  from   = { left = source.scales, right = source.scanners }
  key    = event.line
  time   = event.at
  before = "0s"
  after  = "4s"
  type   = "left"
  emit = {
    line = key
    at   = left.at
    g    = left.g
    code = right.code # null where no label was read
  }
}

# What the label stands for, from a file that may change while the pipeline runs.
transform "enrich" "product" {
  from = transform.package
  lookup "file" {
    path  = "${path.pipeline}/products.csv"
    id    = "code"
    types = { min_g = "float" }
  }
  by = event.code
  set = {
    product = found.name
    light   = found.min_g != null && event.g < found.min_g
  }
}

transform "filter" "bad" {
  from  = transform.product
  where = event.product == null || event.light
}

# The shift of each line, from 06:00 to 14:00.
transform "window" "shift" {
  from     = transform.product
  key      = event.line
  time     = event.at
  tumbling = "8h"
  offset   = "6h"
  lateness = "10s"
  emit = {
    line = key
    end  = window.end
    good = agg::count_if(event.product != null && !event.light)
    bad  = agg::count_if(event.product == null || event.light)
  }
}

# A table: of each line the latest plan that was read until the shift is over
# counts. A table has to come before what is joined with it.
transform "join" "against_plan" {
  from  = { left = transform.shift, right = source.plans }
  key   = event.line
  time  = { left = event.end, right = event.at }
  table = true
  type  = "left"
  emit = {
    line    = key
    shift   = time::format(left.end, "2006-01-02 15:04")
    good    = left.good
    bad     = left.bad
    planned = right.pieces
    missing = right.pieces != null ? max(0, right.pieces - left.good) : null
  }
}

sink "stdout" "bad" {
  from = transform.bad
}

sink "stdout" "shifts" {
  from = transform.against_plan
}

sink "stdout" "errors" {
  from = errors
}
