place "gateway" {} # error: not available yet: reserved for a later version

link "a" "b" {} # error: not available yet: "link"

module "m" {} # error: not available yet: "module"
