locals {
  x = 1e1000000 # error: number out of range: the exponent of a number
}
