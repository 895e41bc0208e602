variable "name" {
  description = "Name of the user pool and its client."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "name must be 2 to 63 lower case letters, digits and hyphens, a letter first."
  }
}

variable "domain_prefix" {
  description = "Where people sign in: `https://<prefix>.auth.<region>.amazoncognito.com`. One of its kind in a region, over all of AWS's customers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain_prefix)) && !can(regex("aws|amazon|cognito", var.domain_prefix))
    error_message = "domain_prefix must be at most 63 lower case letters, digits and hyphens, and hold none of aws, amazon, cognito."
  }
}

variable "callback_urls" {
  description = "Where people are sent after signing in: the page's own addresses and no others."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.callback_urls) >= 1 && alltrue([for url in var.callback_urls : can(regex("^(https://[^*#\\s]+|http://localhost(:[0-9]+)?(/[^*#\\s]*)?)$", url))])
    error_message = "callback_urls must be one or more https:// addresses without * and #; http:// is for localhost alone."
  }
}

variable "logout_urls" {
  description = "Where people are sent after signing out."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for url in var.logout_urls : can(regex("^(https://[^*#\\s]+|http://localhost(:[0-9]+)?(/[^*#\\s]*)?)$", url))])
    error_message = "logout_urls must be https:// addresses without * and #; http:// is for localhost alone."
  }
}

variable "self_sign_up" {
  description = "Whether people make their own accounts; else an administrator invites them."
  type        = bool
  default     = true
  nullable    = false
}

variable "mfa" {
  description = "A second factor, by an authenticator app: ON for everybody, OPTIONAL for whoever wants it, OFF for nobody."
  type        = string
  default     = "OPTIONAL"
  nullable    = false

  validation {
    condition     = contains(["ON", "OPTIONAL", "OFF"], var.mfa)
    error_message = "mfa must be ON, OPTIONAL or OFF."
  }
}

variable "token_minutes" {
  description = "For how many minutes access and identity tokens hold. Nobody can take one back before."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.token_minutes >= 5 && var.token_minutes <= 1440
    error_message = "token_minutes must be 5 to 1440."
  }
}

variable "refresh_days" {
  description = "For how many days somebody stays signed in without doing anything."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.refresh_days >= 1 && var.refresh_days <= 3650
    error_message = "refresh_days must be 1 to 3650."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the user pool. Its users' passwords are in no backup."
  type        = bool
  default     = true
  nullable    = false
}
