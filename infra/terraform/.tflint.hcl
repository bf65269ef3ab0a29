# SPDX-License-Identifier: GPL-3.0-or-later
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# One file for each part of the infrastructure says more than one main.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
