variable "name" {
  description = "Begins the name of everything that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 42 lower case letters, digits and single hyphens, a letter first."
  }
}

variable "subnet_ids" {
  description = "Subnets of the database, in two zones or more."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be two or more, each in a zone of its own: Aurora keeps its data in several."
  }
}

variable "security_group_id" {
  description = "The group that the API's tasks may reach."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.security_group_id, "sg-")
    error_message = "security_group_id must begin with sg-."
  }
}

variable "engine_version" {
  description = "Major version of PostgreSQL. No minor one: AWS withdraws those, and brings newer ones in the maintenance window."
  type        = string
  default     = "16"
  nullable    = false

  validation {
    condition     = can(regex("^1[3-9]$", var.engine_version))
    error_message = "engine_version must be a major version from 13, such as 16."
  }
}

variable "database_name" {
  description = "The database that is made with the cluster. Changing it replaces the cluster, data and all."
  type        = string
  default     = "todo_db"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "database_name must be lower case letters, digits and underscores, a letter first, at most 63."
  }
}

variable "master_username" {
  description = "The owner of the database. Changing it replaces the cluster, data and all."
  type        = string
  default     = "todo_admin"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.master_username)) && !contains(["admin", "postgres", "rdsadmin", "rds_superuser"], var.master_username)
    error_message = "master_username must be lower case letters, digits and underscores, a letter first, and none that RDS or everybody's guess has taken (admin, postgres, rdsadmin)."
  }
}

variable "port" {
  description = "The port of PostgreSQL."
  type        = number
  default     = 5432
  nullable    = false

  validation {
    condition     = var.port >= 1150 && var.port <= 65535
    error_message = "port must be between 1150 and 65535."
  }
}

variable "instances" {
  description = "How many instances: the first writes, each further one reads and takes over within a minute when the first fails."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.instances >= 1 && var.instances <= 15 && floor(var.instances) == var.instances
    error_message = "instances must be 1 to 15."
  }
}

variable "capacity" {
  description = "Between how many ACUs (2 GiB each) an instance scales. A min of 0 pauses after seconds_until_pause without a connection; the first one afterwards waits some 15 s."
  type = object({
    min                 = optional(number, 0.5)
    max                 = optional(number, 1)
    seconds_until_pause = optional(number, 300)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.capacity.min >= 0 && var.capacity.max >= 1 && var.capacity.max <= 256 && var.capacity.min <= var.capacity.max
    error_message = "capacity must have 0 <= min <= max and 1 <= max <= 256."
  }

  validation {
    condition     = floor(var.capacity.min * 2) == var.capacity.min * 2 && floor(var.capacity.max * 2) == var.capacity.max * 2
    error_message = "capacity.min and max must be multiples of 0.5."
  }

  validation {
    condition     = var.capacity.seconds_until_pause >= 300 && var.capacity.seconds_until_pause <= 86400
    error_message = "capacity.seconds_until_pause must be 300 to 86400."
  }
}

variable "backup_retention_days" {
  description = "To any second of how many past days the cluster can be restored."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be 1 to 35."
  }
}

variable "backup_window" {
  description = "When the daily backup begins, UTC."
  type        = string
  default     = "03:00-04:00"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_window))
    error_message = "backup_window must be hh:mm-hh:mm in UTC."
  }
}

variable "maintenance_window" {
  description = "When AWS may restart the database, UTC. Must not overlap the backup window."
  type        = string
  default     = "sun:04:00-sun:05:00"
  nullable    = false

  validation {
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window))
    error_message = "maintenance_window must be ddd:hh:mm-ddd:hh:mm in UTC, days in lower case."
  }
}

variable "password_rotation_days" {
  description = "After how many days RDS changes the master password. Running tasks keep the old one, which no longer opens anything: see module api-service, redeploy_on_rotation."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.password_rotation_days >= 1 && var.password_rotation_days <= 1000
    error_message = "password_rotation_days must be 1 to 1000."
  }
}

variable "kms_key_arn" {
  description = "Key for the data, the password and Performance Insights. Empty: AWS's own keys. Changing it replaces the cluster, data and all."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, or empty."
  }
}

variable "monitoring_interval" {
  description = "Seconds between two measurements of enhanced monitoring; 0 switches it off."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval)
    error_message = "monitoring_interval must be 0, 1, 5, 10, 15, 30 or 60."
  }
}

variable "performance_insights" {
  description = "Whether queries are measured; the last seven days cost nothing."
  type        = bool
  default     = true
  nullable    = false
}

variable "slow_query_milliseconds" {
  description = "From how long a query is logged, text and all; -1 logs none. Texts hold what is in the query: use bound parameters."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.slow_query_milliseconds >= -1
    error_message = "slow_query_milliseconds must be -1 or more."
  }
}

variable "log_retention_days" {
  description = "How long PostgreSQL's log is kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 …"
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the cluster."
  type        = bool
  default     = true
  nullable    = false
}

variable "final_snapshot" {
  description = "Whether deleting the cluster leaves a snapshot, `<name>-final`."
  type        = bool
  default     = true
  nullable    = false
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
