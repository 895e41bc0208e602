variable "aws_region" {
  description = "Region of everything but CloudFront."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region such as eu-west-1."
  }
}

variable "allowed_account_ids" {
  description = "Accounts in which this may be applied."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_account_ids) > 0 && alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "allowed_account_ids must be one or more account numbers of twelve digits."
  }
}

variable "deploy_role_name" {
  description = "The pipeline's role, an output of bootstrap/. Empty: it gets no rights here."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.deploy_role_name == "" || can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.deploy_role_name))
    error_message = "deploy_role_name must be a role's name, or empty."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here, an output of bootstrap/. The infra role can make no role without it."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.permissions_boundary_arn == "" || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or empty."
  }
}

variable "emails" {
  description = "Who is told of alarms and of the budget."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails must be mail addresses."
  }
}

variable "bearer_token" {
  description = "A token for machines, stored and not remembered: set it by TF_VAR_bearer_token, and raise bearer_token_version."
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

variable "bearer_token_version" {
  description = "Which version of the bearer token is wanted; 0: none."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.bearer_token_version >= 0 && floor(var.bearer_token_version) == var.bearer_token_version
    error_message = "bearer_token_version must be a whole number from 0."
  }
}
