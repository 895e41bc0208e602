variable "name" {
  description = "Begins the name of each secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "name must be 2 to 63 lower case letters, digits and hyphens, a letter first."
  }
}

variable "bearer_token_version" {
  description = "Which version of the bearer token is wanted; 0: there is none, and Cognito's tokens are what the API takes. Raise it to store another token: the value itself is in no state, so Terraform cannot see that it changed."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.bearer_token_version >= 0 && floor(var.bearer_token_version) == var.bearer_token_version
    error_message = "bearer_token_version must be a whole number from 0."
  }
}

variable "bearer_token" {
  description = "The token that the API takes from machines. Used once, when bearer_token_version rises, and stored nowhere but in Secrets Manager. Never give it to a web page: what the page holds, everybody holds."
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.bearer_token == "" || length(var.bearer_token) >= 32
    error_message = "bearer_token must be 32 characters or more."
  }
}

variable "kms_key_arn" {
  description = "Key for the secrets. Empty: AWS's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, or empty."
  }
}

variable "recovery_days" {
  description = "For how many days a deleted secret can be brought back; 0: not at all, and its name is free at once."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "recovery_days must be 0 or 7 to 30."
  }
}
