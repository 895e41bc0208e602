variable "name" {
  description = "Begins the name of everything, such as todo-prod. Two stacks in one account must differ in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 24 lower case letters, digits and single hyphens, a letter first."
  }
}

variable "cluster_name" {
  description = "The ECS cluster's name. Two stacks in one account and region must differ in it: ECS answers a second creation with the first one's cluster."
  type        = string
  default     = "todo-app-cluster"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster_name))
    error_message = "cluster_name must be letters, digits, _ and -, at most 255."
  }
}

variable "service_name" {
  description = "The ECS service's name."
  type        = string
  default     = "todo-api-service"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.service_name))
    error_message = "service_name must be letters, digits, _ and -, at most 255."
  }
}

variable "family" {
  description = "The task definition's family and the repository's name. Two stacks in one account and region must differ in it."
  type        = string
  default     = "todo-api"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([_-][a-z0-9]+)*$", var.family)) && length(var.family) <= 200
    error_message = "family must be lower case letters and digits, with single _ and - between them."
  }
}

variable "protected" {
  description = "Whether AWS refuses to delete database, load balancer and user pool, the database leaves a snapshot, and buckets and repositories with content stay. Off for what is thrown away."
  type        = bool
  default     = true
  nullable    = false
}

variable "nat" {
  description = "How the tasks reach the internet: one, per-zone or none (module network)."
  type        = string
  default     = "one"
  nullable    = false

  validation {
    condition     = contains(["one", "per-zone", "none"], var.nat)
    error_message = "nat must be one, per-zone or none."
  }
}

variable "load_balancer" {
  description = "How CloudFront reaches the API: internal through a VPC origin, or internet-facing with a certificate, its domain name and origin_secret (module load-balancer)."
  type = object({
    exposure        = optional(string, "internal")
    certificate_arn = optional(string, "")
    domain_name     = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.load_balancer.exposure == "internal" || (var.load_balancer.certificate_arn != "" && var.load_balancer.domain_name != "")
    error_message = "load_balancer must have certificate_arn and a domain_name that the certificate holds, to face the internet."
  }
}

variable "origin_secret" {
  description = "What an internet-facing load balancer asks CloudFront for. It is in the state."
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true

  validation {
    condition     = var.load_balancer.exposure == "internal" || length(var.origin_secret) >= 32
    error_message = "origin_secret must be 32 characters or more for an internet-facing load balancer."
  }
}

variable "api" {
  description = "The API's tasks (module api-service). Without image the first revision names one that is not there yet: the first deploy brings it."
  type = object({
    image           = optional(string, "")
    cpu             = optional(number, 256)
    memory          = optional(number, 512)
    architecture    = optional(string, "X86_64")
    port            = optional(number, 8080)
    desired_count   = optional(number, 2)
    max_count       = optional(number, 4)
    spot_percent    = optional(number, 0)
    strategy        = optional(string, "rolling")
    execute_command = optional(bool, false)
    environment     = optional(map(string), {})
    health_check    = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["rolling", "blue-green", "canary", "linear"], var.api.strategy)
    error_message = "api.strategy must be rolling, blue-green, canary or linear."
  }
}

variable "redeploy_on_rotation" {
  description = "Whether the tasks are started anew when the database's password rotates. Needs a CloudTrail trail in the account."
  type        = bool
  default     = true
  nullable    = false
}

variable "database" {
  description = "The database (module database)."
  type = object({
    name                   = optional(string, "todo_db")
    instances              = optional(number, 1)
    min_capacity           = optional(number, 0.5)
    max_capacity           = optional(number, 1)
    backup_retention_days  = optional(number, 7)
    password_rotation_days = optional(number, 30)
    max_connections_alarm  = optional(number, 150)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.min_capacity >= 0 && var.database.min_capacity <= var.database.max_capacity
    error_message = "database must have 0 <= min_capacity <= max_capacity."
  }
}

variable "keep_images" {
  description = "How many tagged images the registry keeps (module registry says what that can delete)."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.keep_images >= 2
    error_message = "keep_images must be 2 or more."
  }
}

variable "web" {
  description = "The site (module web)."
  type = object({
    domain_names    = optional(list(string), [])
    certificate_arn = optional(string, "")
    zone_id         = optional(string, "")
    web_acl_arn     = optional(string, "")
    price_class     = optional(string, "PriceClass_100")
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.web.domain_names) == 0 || var.web.certificate_arn != ""
    error_message = "web must have certificate_arn with domain_names."
  }
}

variable "auth" {
  description = "Sign-in (module auth). Without domain_prefix it is the stack's name and the account's number. extra_callback_urls are for a page on a developer's machine."
  type = object({
    domain_prefix       = optional(string, "")
    self_sign_up        = optional(bool, true)
    mfa                 = optional(string, "OPTIONAL")
    extra_callback_urls = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ON", "OPTIONAL", "OFF"], var.auth.mfa)
    error_message = "auth.mfa must be ON, OPTIONAL or OFF."
  }
}

variable "bearer_token" {
  description = "The token for machines, stored and not remembered (module secrets)."
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

variable "observability" {
  description = "Who is told what (module observability)."
  type = object({
    emails             = optional(list(string), [])
    slack              = optional(object({ team_id = optional(string, ""), channel_id = optional(string, "") }), {})
    runbook_url        = optional(string, "https://github.com/org/todo-actions/blob/main/docs/runbook.md")
    monthly_budget     = optional(number, 0)
    container_insights = optional(string, "enabled")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.observability.monthly_budget == 0 || length(var.observability.emails) > 0
    error_message = "observability.monthly_budget needs emails: a budget that tells nobody is none."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 …"
  }
}

variable "deploy_role_name" {
  description = "The pipeline's role, made by bootstrap/. Empty: it gets no rights here."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.deploy_role_name == "" || can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.deploy_role_name))
    error_message = "deploy_role_name must be a role's name, or empty."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here, made by bootstrap/. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.permissions_boundary_arn == "" || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or empty."
  }
}
