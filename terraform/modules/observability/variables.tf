variable "name" {
  description = "Begins the name of everything that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 40 lower case letters, digits and hyphens, a letter first."
  }
}

variable "cluster_name" {
  description = "The cluster of the API. Names, not references: the service refers to the alarms made here."
  type        = string
  nullable    = false

  validation {
    condition     = var.cluster_name != ""
    error_message = "cluster_name must be given."
  }
}

variable "service_name" {
  description = "The service of the API."
  type        = string
  nullable    = false

  validation {
    condition     = var.service_name != ""
    error_message = "service_name must be given."
  }
}

variable "log_group_name" {
  description = "The API's log, which the saved queries read."
  type        = string
  nullable    = false

  validation {
    condition     = var.log_group_name != ""
    error_message = "log_group_name must be given."
  }
}

variable "load_balancer_arn_suffix" {
  description = "The load balancer's name in metrics."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.load_balancer_arn_suffix, "app/")
    error_message = "load_balancer_arn_suffix must begin with app/."
  }
}

variable "target_group_arn_suffix" {
  description = "The target group's name in metrics."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.target_group_arn_suffix, "targetgroup/")
    error_message = "target_group_arn_suffix must begin with targetgroup/."
  }
}

variable "database_cluster_identifier" {
  description = "The database's cluster."
  type        = string
  nullable    = false

  validation {
    condition     = var.database_cluster_identifier != ""
    error_message = "database_cluster_identifier must be given."
  }
}

variable "distribution_id" {
  description = "The distribution of the site."
  type        = string
  nullable    = false

  validation {
    condition     = var.distribution_id != ""
    error_message = "distribution_id must be given."
  }
}

variable "emails" {
  description = "Who is told by mail. Each address gets a message with a link to confirm first."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails must be mail addresses."
  }
}

variable "slack" {
  description = "A Slack channel that is told: ids of workspace and channel. The workspace must be authorised once in the console (Amazon Q Developer in chat applications). Empty: none."
  type = object({
    team_id    = optional(string, "")
    channel_id = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = (var.slack.team_id == "") == (var.slack.channel_id == "")
    error_message = "slack must have both team_id and channel_id, or neither."
  }
}

variable "runbook_url" {
  description = "Where the runbook is; each alarm links to its chapter there, `<runbook_url>#<alarm>`."
  type        = string
  default     = "https://github.com/org/todo-actions/blob/main/docs/runbook.md"
  nullable    = false

  validation {
    condition     = startswith(var.runbook_url, "https://")
    error_message = "runbook_url must begin with https://."
  }
}

variable "minimum_tasks" {
  description = "With fewer running tasks the API counts as unwell. 0: the alarm is off, as it must be without Container Insights."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.minimum_tasks >= 0 && floor(var.minimum_tasks) == var.minimum_tasks
    error_message = "minimum_tasks must be a whole number from 0."
  }
}

variable "thresholds" {
  description = "From where on an alarm rings: percentages of failed answers (API, site), seconds of the 95th percentile, percentages of CPU, memory and database capacity, connections to the database."
  type = object({
    api_error_percent         = optional(number, 5)
    api_seconds               = optional(number, 1)
    api_cpu_percent           = optional(number, 85)
    api_memory_percent        = optional(number, 90)
    database_cpu_percent      = optional(number, 80)
    database_capacity_percent = optional(number, 90)
    database_connections      = optional(number, 150)
    site_error_percent        = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, value in var.thresholds : value > 0])
    error_message = "thresholds must be more than 0."
  }

  validation {
    condition     = alltrue([for name, value in var.thresholds : value <= 100 if endswith(name, "_percent")])
    error_message = "thresholds in per cent must be at most 100."
  }
}

variable "monthly_budget" {
  description = "US dollars a month for the whole account; mails go out at 80 % spent and when 100 % is forecast. 0: no budget."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.monthly_budget >= 0
    error_message = "monthly_budget must be 0 or more."
  }

  validation {
    condition     = var.monthly_budget == 0 || length(var.emails) > 0
    error_message = "monthly_budget needs emails: a budget that tells nobody is none."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.permissions_boundary_arn == "" || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or empty."
  }
}
