variable "name" {
  description = "Begins the name of roles and policies."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 40 lower case letters, digits and hyphens, a letter first: roles allow 64 characters with what is added."
  }
}

variable "cluster_name" {
  description = "The cluster's name."
  type        = string
  default     = "todo-app-cluster"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster_name))
    error_message = "cluster_name must be letters, digits, _ and -, at most 255."
  }
}

variable "service_name" {
  description = "The service's name."
  type        = string
  default     = "todo-api-service"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.service_name))
    error_message = "service_name must be letters, digits, _ and -, at most 255."
  }
}

variable "family" {
  description = "The task definition's family, whose revisions the pipeline registers."
  type        = string
  default     = "todo-api"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.family))
    error_message = "family must be letters, digits, _ and -, at most 255."
  }
}

variable "container_name" {
  description = "The container that the load balancer reaches."
  type        = string
  default     = "api"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.container_name))
    error_message = "container_name must be letters, digits, _ and -, at most 255."
  }
}

variable "image" {
  description = "The image of the first revision. Every later one is the pipeline's, which names images by digest."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must end with a digest (@sha256:…) or a tag, and not with :latest, which is another image tomorrow."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be two or more, each in a zone of its own."
  }
}

variable "security_group_id" {
  description = "The group that the load balancer may reach and that may reach the database."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.security_group_id, "sg-")
    error_message = "security_group_id must begin with sg-."
  }
}

variable "target_group_arn" {
  description = "Where the tasks are registered."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/", var.target_group_arn))
    error_message = "target_group_arn must be the ARN of a target group."
  }
}

variable "strategy" {
  description = "How a new revision replaces the old: `rolling`; `blue-green`, all traffic at once; `canary`, some of it first; `linear`, in equal steps. All but rolling need a second target group and the listener's rule."
  type        = string
  default     = "rolling"
  nullable    = false

  validation {
    condition     = contains(["rolling", "blue-green", "canary", "linear"], var.strategy)
    error_message = "strategy must be rolling, blue-green, canary or linear."
  }
}

variable "alternate_target_group_arn" {
  description = "The second target group, for all strategies but rolling."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.strategy == "rolling" || var.alternate_target_group_arn != ""
    error_message = "alternate_target_group_arn must be given for all strategies but rolling."
  }
}

variable "production_listener_rule_arn" {
  description = "The listener's rule whose weights are shifted, for all strategies but rolling."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.strategy == "rolling" || var.production_listener_rule_arn != ""
    error_message = "production_listener_rule_arn must be given for all strategies but rolling."
  }
}

variable "traffic_shift" {
  description = "For canary and linear: how much traffic in per cent (the canary's, or each step's), and how many minutes each step is watched."
  type = object({
    percent = optional(number, 10)
    minutes = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.traffic_shift.percent >= 3 && var.traffic_shift.percent <= 100 && var.traffic_shift.minutes >= 0 && var.traffic_shift.minutes <= 1440
    error_message = "traffic_shift.percent must be 3 to 100, and minutes 0 to 1440."
  }
}

variable "bake_minutes" {
  description = "For how many minutes the old tasks are kept after the traffic has moved, to go back at once."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.bake_minutes >= 0 && var.bake_minutes <= 1440
    error_message = "bake_minutes must be 0 to 1440."
  }
}

variable "rollback_alarm_names" {
  description = "Alarms that undo a deployment. One that is already in alarm when the deployment begins is not looked at."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(distinct(var.rollback_alarm_names)) == length(var.rollback_alarm_names)
    error_message = "rollback_alarm_names must not name an alarm twice."
  }
}

variable "cpu" {
  description = "CPU units of a task, 1024 to a core."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu must be 256, 512, 1024, 2048 or 4096."
  }
}

variable "memory" {
  description = "MiB of a task; Fargate has some for each cpu."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition = contains(lookup({
      "256"  = [512, 1024, 2048]
      "512"  = [1024, 2048, 3072, 4096]
      "1024" = range(2048, 8193, 1024)
      "2048" = range(4096, 16385, 1024)
      "4096" = range(8192, 30721, 1024)
    }, tostring(var.cpu), [var.memory]), var.memory)
    error_message = "memory must be one that Fargate has for this cpu: 256 takes 512, 1024 or 2048; 512 takes 1024 to 4096; 1024 takes 2048 to 8192; 2048 takes 4096 to 16384; 4096 takes 8192 to 30720."
  }
}

variable "architecture" {
  description = "What the image is built for."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture must be X86_64 or ARM64."
  }
}

variable "container_port" {
  description = "The port on which the API listens; it is told by PORT."
  type        = number
  default     = 8080
  nullable    = false

  validation {
    condition     = var.container_port > 1024 && var.container_port < 65536
    error_message = "container_port must be between 1025 and 65535: the container does not run as root."
  }
}

variable "environment" {
  description = "Variables of the container besides PORT, NODE_ENV, LOG_LEVEL, LOG_FORMAT and TZ, or in their place. Anybody who may describe a task reads them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.environment) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key))])
    error_message = "environment must have names that a shell takes."
  }

  validation {
    condition     = alltrue([for key in keys(var.environment) : !can(regex("PASSWORD|SECRET|TOKEN|PRIVATE_KEY", upper(key)))])
    error_message = "environment must hold no secret: a PASSWORD, SECRET, TOKEN or PRIVATE_KEY belongs into secrets."
  }
}

variable "secrets" {
  description = "Variables of the container that ECS reads from Secrets Manager when a task starts: name and `arn:json-key:stage:version`, such as `arn:…:secret:db-AbCdEf:password::`. Without a JSON key the whole JSON is passed."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for from in values(var.secrets) : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^:]+(:[^:]*:[^:]*:[^:]*)?$", from))])
    error_message = "secrets must be ARNs of Secrets Manager, alone or with json-key:stage:version; colons of empty parts stay (…:password::)."
  }

  validation {
    condition     = length(setintersection(keys(var.secrets), keys(var.environment))) == 0
    error_message = "secrets and environment must not name the same variable."
  }
}

variable "kms_key_arns" {
  description = "Keys under which secrets and images are, if they are yours: the tasks must be able to read them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:", arn))])
    error_message = "kms_key_arns must be ARNs of KMS keys."
  }
}

variable "repository_arns" {
  description = "Repositories from which the tasks may pull."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.repository_arns) > 0 && alltrue([for arn in var.repository_arns : can(regex("^arn:[a-z-]+:ecr:", arn))])
    error_message = "repository_arns must be one or more ARNs of ECR repositories."
  }
}

variable "task_statements" {
  description = "What the API itself may do in AWS: actions on resources. By default nothing."
  type = list(object({
    actions   = list(string)
    resources = list(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue(flatten([for statement in var.task_statements : [for action in statement.actions : action != "*" && !endswith(action, ":*")]]))
    error_message = "task_statements must name actions: * and service:* are more than a program needs."
  }
}

variable "health_check_command" {
  description = "A check that runs inside the container, such as [\"CMD\", \"/api\", \"health\"]. Empty: the target group's check is enough, and the image needs no curl."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.health_check_command) == 0 || contains(["CMD", "CMD-SHELL"], try(var.health_check_command[0], ""))
    error_message = "health_check_command must begin with CMD or CMD-SHELL."
  }
}

variable "readonly_root_filesystem" {
  description = "Whether the container can write nothing but its memory."
  type        = bool
  default     = true
  nullable    = false
}

variable "stop_timeout" {
  description = "Seconds between SIGTERM and SIGKILL, in which the API finishes its requests."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.stop_timeout >= 2 && var.stop_timeout <= 120
    error_message = "stop_timeout must be 2 to 120."
  }
}

variable "desired_count" {
  description = "With how many tasks the service begins. Afterwards autoscaling says how many."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.desired_count >= 0 && floor(var.desired_count) == var.desired_count
    error_message = "desired_count must be a whole number from 0."
  }
}

variable "scaling" {
  description = "Between how many tasks autoscaling moves, and which CPU and memory in per cent it aims at. Without min it is desired_count: fewer would be one zone's failure away from none."
  type = object({
    min            = optional(number)
    max            = optional(number, 4)
    cpu_percent    = optional(number, 70)
    memory_percent = optional(number, 80)
  })
  default  = {}
  nullable = false

  validation {
    condition     = coalesce(var.scaling.min, var.desired_count) <= var.scaling.max && coalesce(var.scaling.min, var.desired_count) >= 0
    error_message = "scaling.max must be at least min (without min: desired_count)."
  }

  validation {
    condition     = alltrue([for percent in [var.scaling.cpu_percent, var.scaling.memory_percent] : percent >= 10 && percent <= 95])
    error_message = "scaling.cpu_percent and memory_percent must be 10 to 95."
  }
}

variable "spot_percent" {
  description = "How many of a hundred tasks run on Spot, which costs a third and may be stopped with two minutes' notice."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.spot_percent >= 0 && var.spot_percent <= 100
    error_message = "spot_percent must be 0 to 100."
  }
}

variable "execute_command" {
  description = "Whether people with the permission may open a shell in a task. What they type is recorded in the log group."
  type        = bool
  default     = false
  nullable    = false
}

variable "container_insights" {
  description = "How much CloudWatch measures of the cluster: enhanced, enabled or disabled. The alarm on running tasks needs it."
  type        = string
  default     = "enabled"
  nullable    = false

  validation {
    condition     = contains(["enhanced", "enabled", "disabled"], var.container_insights)
    error_message = "container_insights must be enhanced, enabled or disabled."
  }
}

variable "redeploy_on_rotation" {
  description = "Secrets whose rotation starts the tasks anew, since a task reads them once, when it starts. Needs a CloudTrail trail in the account: that is how the event comes."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.redeploy_on_rotation : can(regex("^arn:[a-z-]+:secretsmanager:", arn))])
    error_message = "redeploy_on_rotation must be ARNs of secrets."
  }
}

variable "log_retention_days" {
  description = "How long the API's log is kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 …"
  }
}

variable "log_kms_key_arn" {
  description = "Key for the API's log. Empty: CloudWatch's own encryption."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.log_kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:", var.log_kms_key_arn))
    error_message = "log_kms_key_arn must be the ARN of a KMS key, or empty."
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
