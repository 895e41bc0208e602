variable "role_name" {
  description = "The role that the pipeline takes on, made by bootstrap/: who may take it on is decided there, and what it may do here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "role_name must be a role's name, not its ARN."
  }
}

variable "repository_arns" {
  description = "Where build-push pushes: the repository of images, and the cache's."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.repository_arns) > 0 && alltrue([for arn in var.repository_arns : can(regex("^arn:[a-z-]+:ecr:", arn))])
    error_message = "repository_arns must be one or more ARNs of ECR repositories."
  }
}

variable "cluster_arn" {
  description = "The cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/", var.cluster_arn))
    error_message = "cluster_arn must be the ARN of an ECS cluster."
  }
}

variable "service_name" {
  description = "The service that is deployed."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.service_name))
    error_message = "service_name must be a service's name."
  }
}

variable "task_definition_family" {
  description = "The service's family. A migration has one of its own, with `-migrate` behind it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.task_definition_family))
    error_message = "task_definition_family must be a family's name."
  }
}

variable "task_role_arns" {
  description = "The execution role and the task role, which a new revision names."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.task_role_arns) > 0 && alltrue([for arn in var.task_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))])
    error_message = "task_role_arns must be one or more ARNs of roles."
  }
}

variable "log_group_arn" {
  description = "The API's log, from which a failed task is explained."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:logs:", var.log_group_arn))
    error_message = "log_group_arn must be the ARN of a log group."
  }
}

variable "bucket_arn" {
  description = "The site's bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.bucket_arn))
    error_message = "bucket_arn must be the ARN of a bucket."
  }
}

variable "distribution_arn" {
  description = "The site's distribution."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:cloudfront::[0-9]{12}:distribution/", var.distribution_arn))
    error_message = "distribution_arn must be the ARN of a distribution."
  }
}

variable "readable_secret_arns" {
  description = "Secrets whose values render-env may write into a file and migrate may blot out of its log. By default none: the API gets its secrets from ECS, and they never pass through a runner."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.readable_secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:", arn))])
    error_message = "readable_secret_arns must be ARNs of secrets."
  }
}
