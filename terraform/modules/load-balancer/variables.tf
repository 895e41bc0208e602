variable "name" {
  description = "Begins the name of everything that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 lower case letters, digits and hyphens, a letter first: load balancers allow 32 characters with what is added."
  }
}

variable "vpc_id" {
  description = "The VPC of the targets."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must begin with vpc-."
  }
}

variable "subnet_ids" {
  description = "Private subnets for an internal load balancer, public ones for an internet-facing one, in two zones or more."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must be two or more, each in a zone of its own."
  }
}

variable "security_group_id" {
  description = "The group that lets CloudFront in and the API's tasks be reached."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.security_group_id, "sg-")
    error_message = "security_group_id must begin with sg-."
  }
}

variable "exposure" {
  description = "`internal`: no address on the internet, CloudFront comes through its VPC origin. `internet-facing`: limited to CloudFront's addresses and to requests that carry the secret header; needs a certificate and the secret."
  type        = string
  default     = "internal"
  nullable    = false

  validation {
    condition     = contains(["internal", "internet-facing"], var.exposure)
    error_message = "exposure must be internal or internet-facing."
  }
}

variable "certificate_arn" {
  description = "Certificate for HTTPS on 443; with it 80 redirects. Empty: HTTP on 80, which an internal load balancer may, since CloudFront reaches it inside AWS's own network. No authority gives one for *.elb.amazonaws.com: it takes a domain of your own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.certificate_arn == "" || can(regex("^arn:[a-z-]+:acm:", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate in ACM, or empty."
  }

  validation {
    condition     = var.exposure == "internal" || var.certificate_arn != ""
    error_message = "certificate_arn must be given for an internet-facing load balancer: nothing may cross the internet unencrypted."
  }
}

variable "origin_secret_header" {
  description = "The header by which CloudFront proves that it is this stack's distribution, where exposure is internet-facing."
  type        = string
  default     = "X-Origin-Verify"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,39}$", var.origin_secret_header)) && !startswith(lower(var.origin_secret_header), "x-amz-") && !startswith(lower(var.origin_secret_header), "x-edge-")
    error_message = "origin_secret_header must be a header's name of at most 40 characters; CloudFront keeps X-Amz- and X-Edge- to itself."
  }
}

variable "origin_secret" {
  description = "The header's value. It is read from the state by whoever can read the state: neither CloudFront nor load balancers take it in any other way."
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true

  validation {
    condition     = var.exposure == "internal" || length(var.origin_secret) >= 32
    error_message = "origin_secret must be 32 characters or more for an internet-facing load balancer: without it, any distribution of anybody could reach the API."
  }

  validation {
    condition     = length(var.origin_secret) <= 128 && can(regex("^[A-Za-z0-9_-]*$", var.origin_secret))
    error_message = "origin_secret must be at most 128 letters, digits, _ and -: a load balancer takes * and ? for wildcards."
  }
}

variable "target_port" {
  description = "The port on which the API listens in its container."
  type        = number
  default     = 8080
  nullable    = false

  validation {
    condition     = var.target_port > 0 && var.target_port < 65536
    error_message = "target_port must be between 1 and 65535."
  }
}

variable "health_check" {
  description = "How a target shows that it is well: path and expected codes, and how many answers in a row, seconds apart, decide."
  type = object({
    path                = optional(string, "/health")
    matcher             = optional(string, "200")
    interval            = optional(number, 30)
    timeout             = optional(number, 5)
    healthy_threshold   = optional(number, 2)
    unhealthy_threshold = optional(number, 3)
  })
  default  = {}
  nullable = false

  validation {
    condition     = startswith(var.health_check.path, "/")
    error_message = "health_check.path must begin with /."
  }

  validation {
    condition     = var.health_check.timeout < var.health_check.interval && var.health_check.interval >= 5 && var.health_check.interval <= 300
    error_message = "health_check.interval must be 5 to 300 seconds, and timeout less."
  }

  validation {
    condition     = alltrue([for count in [var.health_check.healthy_threshold, var.health_check.unhealthy_threshold] : count >= 2 && count <= 10])
    error_message = "health_check.healthy_threshold and unhealthy_threshold must be 2 to 10."
  }
}

variable "deregistration_delay" {
  description = "Seconds in which a target that goes may finish its requests. A deployment takes at least as long."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deregistration_delay >= 0 && var.deregistration_delay <= 3600
    error_message = "deregistration_delay must be 0 to 3600 seconds."
  }
}

variable "second_target_group" {
  description = "Whether there is a second target group, which the strategies blue-green, canary and linear need."
  type        = bool
  default     = false
  nullable    = false
}

variable "access_logs" {
  description = "Whether each request is recorded in a bucket."
  type        = bool
  default     = true
  nullable    = false
}

variable "access_log_days" {
  description = "How long access logs are kept; they hold visitors' addresses."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.access_log_days >= 1 && floor(var.access_log_days) == var.access_log_days
    error_message = "access_log_days must be a whole number from 1."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the load balancer."
  type        = bool
  default     = true
  nullable    = false
}
