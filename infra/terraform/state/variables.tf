# SPDX-License-Identifier: GPL-3.0-or-later
variable "name" {
  description = "Name of the platform, as in the other configuration."
  type        = string
  default     = "bot-freqtrade"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])+$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "The name has 3 to 24 characters: lower-case letters, digits and single hyphens, a letter first and no hyphen last."
  }
}

variable "region" {
  description = "AWS region of the bucket: the platform's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)(-gov)?-(central|north|south|east|west|northeast|northwest|southeast|southwest)-[1-9]$", var.region))
    error_message = "The region is a name such as eu-central-1, without the letter of a zone."
  }
}

variable "account_id" {
  description = "The twelve digits of the AWS account. Credentials of any other account are refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The account id has twelve digits, in quotes."
  }
}

variable "exists" {
  description = "Whether the bucket is there already. Then it is taken over, so this configuration needs to keep no state of its own."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_delete" {
  description = "Whether a destroy deletes the bucket with all versions of all states in it. Apply true before a destroy."
  type        = bool
  default     = false
  nullable    = false
}
