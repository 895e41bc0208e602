variable "endpoint" {
  description = "Address of the local AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^http://(127\\.0\\.0\\.1|localhost|host\\.docker\\.internal)(:[0-9]+)?$", var.endpoint))
    error_message = "This root holds dummy keys and an old provider: it is for a local AWS on http://127.0.0.1:PORT alone."
  }
}

variable "aws_region" {
  description = "Region of everything."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "A region is written like eu-west-1."
  }
}

variable "name" {
  description = "What the app is called; every name begins with it."
  type        = string
  default     = "todo"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "A name has 3 to 20 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) == 16
    error_message = "The VPC is a /16, so that its subnets can be /24s."
  }
}

variable "availability_zones" {
  description = "Zones in which there are subnets, by the letter that ends their names."
  type        = list(string)
  default     = ["a", "b"]
  nullable    = false

  validation {
    condition     = length(var.availability_zones) >= 2 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "A load balancer needs two different zones at least."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^[a-f]$", zone))])
    error_message = "A zone is one letter from a to f."
  }
}

variable "api_port" {
  description = "Port on which the API listens."
  type        = number
  default     = 8080
  nullable    = false

  validation {
    condition     = var.api_port >= 1024 && var.api_port <= 65535 && floor(var.api_port) == var.api_port
    error_message = "The API does not run as root: a port from 1024 to 65535."
  }
}

variable "log_retention_days" {
  description = "How long the API's logs are kept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827 or 3653 days."
  }
}

variable "alarm_email" {
  description = "Who hears of alarms; nobody when it is empty."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@ ]+@[^@ ]+$", var.alarm_email))
    error_message = "That is no e-mail address."
  }
}

variable "bearer_token" {
  description = "Token that machines authenticate with; without one the secret stays empty. It stands in the state: the provider of this root knows no write-only arguments."
  type        = string
  default     = ""
  sensitive   = true
  nullable    = false

  validation {
    condition     = var.bearer_token == "" || length(var.bearer_token) >= 16
    error_message = "A token has 16 characters at least."
  }
}
