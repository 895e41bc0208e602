variable "name" {
  description = "Begins the name of everything that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 lower case letters, digits and hyphens, a letter first: load balancers allow 32 characters with what is added."
  }
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 28, false)
    error_message = "cidr must be an IPv4 range between /16 and /28: a VPC takes no other."
  }
}

variable "availability_zones" {
  description = "Zones to spread over, as many as there are subnets of each kind. Empty: the first ones of the region."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.availability_zones) == 0 || length(var.availability_zones) == length(var.public_subnets)
    error_message = "availability_zones must be empty or name one zone for each subnet."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones must differ: two subnets in one zone fail together."
  }
}

variable "public_subnets" {
  description = "One range a zone for what the internet may reach: NAT gateways, an internet-facing load balancer."
  type        = list(string)
  default     = ["10.0.1.0/24", "10.0.2.0/24"]
  nullable    = false

  validation {
    condition     = length(var.public_subnets) >= 2
    error_message = "public_subnets must be two or more: load balancers and Aurora ask for two zones."
  }

  validation {
    condition     = alltrue([for range in var.public_subnets : can(cidrhost(range, 0))])
    error_message = "public_subnets must be IPv4 ranges such as 10.0.1.0/24."
  }
}

variable "private_subnets" {
  description = "One range a zone for the tasks and an internal load balancer."
  type        = list(string)
  default     = ["10.0.11.0/24", "10.0.12.0/24"]
  nullable    = false

  validation {
    condition     = length(var.private_subnets) == length(var.public_subnets)
    error_message = "private_subnets must be as many as public_subnets: one of each in a zone."
  }

  validation {
    condition     = alltrue([for range in var.private_subnets : can(cidrhost(range, 0))])
    error_message = "private_subnets must be IPv4 ranges such as 10.0.11.0/24."
  }
}

variable "database_subnets" {
  description = "One range a zone for the database; no route leads out of them."
  type        = list(string)
  default     = ["10.0.21.0/24", "10.0.22.0/24"]
  nullable    = false

  validation {
    condition     = length(var.database_subnets) == length(var.public_subnets)
    error_message = "database_subnets must be as many as public_subnets: one of each in a zone."
  }

  validation {
    condition     = alltrue([for range in var.database_subnets : can(cidrhost(range, 0))])
    error_message = "database_subnets must be IPv4 ranges such as 10.0.21.0/24."
  }
}

variable "nat" {
  description = "How the tasks reach the internet: `one` NAT gateway (its zone failing cuts off the other), one `per-zone`, or `none`: then VPC endpoints reach ECR, S3, CloudWatch Logs and Secrets Manager, and nothing else can be reached."
  type        = string
  default     = "one"
  nullable    = false

  validation {
    condition     = contains(["one", "per-zone", "none"], var.nat)
    error_message = "nat must be one, per-zone or none."
  }
}

variable "load_balancer_port" {
  description = "The port on which CloudFront reaches the load balancer: 443 with a certificate, else 80."
  type        = number
  default     = 80
  nullable    = false

  validation {
    condition     = contains([80, 443], var.load_balancer_port)
    error_message = "load_balancer_port must be 80 or 443."
  }
}

variable "container_port" {
  description = "The port on which the API listens in its container."
  type        = number
  default     = 8080
  nullable    = false

  validation {
    condition     = var.container_port > 1024 && var.container_port < 65536
    error_message = "container_port must be between 1025 and 65535: the container does not run as root."
  }
}

variable "database_port" {
  description = "The port of PostgreSQL."
  type        = number
  default     = 5432
  nullable    = false

  validation {
    condition     = var.database_port > 1024 && var.database_port < 65536
    error_message = "database_port must be between 1025 and 65535."
  }
}

variable "flow_logs" {
  description = "Whether accepted and refused connections are recorded."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 …"
  }
}

variable "kms_key_arn" {
  description = "Key for the flow logs. Empty: CloudWatch's own encryption."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, or empty."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here. Empty: none. The infra role of bootstrap/ can only make roles within its boundary."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.permissions_boundary_arn == "" || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or empty."
  }
}
