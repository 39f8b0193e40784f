# options: --env prod
# anywhere: unknown environment: --env prod reads prod.vars.hcl, which is not there
source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
