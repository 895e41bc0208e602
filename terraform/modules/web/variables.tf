variable "name" {
  description = "Begins the name of everything that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 40 lower case letters, digits and hyphens, a letter first: buckets allow 63 characters with what is added."
  }
}

variable "api_domain_name" {
  description = "The load balancer's name in DNS; with HTTPS, a name that its certificate holds."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", var.api_domain_name))
    error_message = "api_domain_name must be a name in DNS, without https:// and path."
  }
}

variable "api_exposure" {
  description = "How the load balancer is reached: `internal`, through a VPC origin; `internet-facing`, by its name over HTTPS."
  type        = string
  default     = "internal"
  nullable    = false

  validation {
    condition     = contains(["internal", "internet-facing"], var.api_exposure)
    error_message = "api_exposure must be internal or internet-facing."
  }
}

variable "api_load_balancer_arn" {
  description = "The internal load balancer, of which a VPC origin is made."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.api_load_balancer_arn == "" || can(regex("^arn:[a-z-]+:elasticloadbalancing:", var.api_load_balancer_arn))
    error_message = "api_load_balancer_arn must be the ARN of a load balancer, or empty."
  }

  validation {
    condition     = var.api_exposure == "internet-facing" || var.api_load_balancer_arn != ""
    error_message = "api_load_balancer_arn must be given for an internal load balancer."
  }
}

variable "api_protocol" {
  description = "How CloudFront speaks with the load balancer. http-only is for a VPC origin, where the way stays inside AWS."
  type        = string
  default     = "http-only"
  nullable    = false

  validation {
    condition     = contains(["http-only", "https-only"], var.api_protocol)
    error_message = "api_protocol must be http-only or https-only."
  }

  validation {
    condition     = var.api_protocol == "https-only" || var.api_exposure == "internal"
    error_message = "api_protocol must be https-only for a load balancer that is reached over the internet."
  }
}

variable "api_path_pattern" {
  description = "What goes to the API; everything else is the site's."
  type        = string
  default     = "/api/*"
  nullable    = false

  validation {
    condition     = can(regex("^/[A-Za-z0-9._/*-]+$", var.api_path_pattern)) && var.api_path_pattern != "/*"
    error_message = "api_path_pattern must be a path such as /api/*, and not everything."
  }
}

variable "origin_secret_header" {
  description = "The header that carries origin_secret."
  type        = string
  default     = "X-Origin-Verify"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,39}$", var.origin_secret_header))
    error_message = "origin_secret_header must be a header's name of at most 40 characters."
  }
}

variable "origin_secret" {
  description = "What an internet-facing load balancer asks for (module load-balancer). Empty: no header is sent."
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true

  validation {
    condition     = var.origin_secret == "" || length(var.origin_secret) >= 32
    error_message = "origin_secret must be 32 characters or more, or empty."
  }
}

variable "domain_names" {
  description = "Names of your own for the site. Empty: the one that CloudFront gives."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.domain_names : can(regex("^(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", name))])
    error_message = "domain_names must be names such as todo.example.com."
  }
}

variable "certificate_arn" {
  description = "Certificate for domain_names, from ACM in us-east-1, the only region that CloudFront looks in."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.certificate_arn == "" || can(regex("^arn:[a-z-]+:acm:us-east-1:", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate in us-east-1, or empty."
  }

  validation {
    condition     = length(var.domain_names) == 0 || var.certificate_arn != ""
    error_message = "certificate_arn must be given with domain_names."
  }
}

variable "zone_id" {
  description = "Route 53 zone in which domain_names are entered. Empty: you enter them yourself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.zone_id == "" || can(regex("^Z[A-Z0-9]+$", var.zone_id))
    error_message = "zone_id must be the id of a Route 53 zone, such as Z2FDTNDATAQYW2, or empty."
  }
}

variable "web_acl_arn" {
  description = "A WAF of yours, in us-east-1. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.web_acl_arn == "" || can(regex("^arn:[a-z-]+:wafv2:us-east-1:[0-9]{12}:global/webacl/", var.web_acl_arn))
    error_message = "web_acl_arn must be the ARN of a WAFv2 web ACL with scope CLOUDFRONT, or empty."
  }
}

variable "price_class" {
  description = "From where CloudFront serves: PriceClass_100 is North America and Europe, PriceClass_200 adds Asia, the Middle East and Africa, PriceClass_All everything."
  type        = string
  default     = "PriceClass_100"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "content_security_policy" {
  description = "What the page may load and speak with. Name here where it signs in, if that is elsewhere."
  type        = string
  default     = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
  nullable    = false

  validation {
    condition     = strcontains(var.content_security_policy, "default-src") && !strcontains(var.content_security_policy, "unsafe-eval")
    error_message = "content_security_policy must have a default-src and no unsafe-eval."
  }
}

variable "keep_old_versions_days" {
  description = "For how many days replaced and deleted files can be brought back: as far back as a rollback of the site reaches."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.keep_old_versions_days >= 1 && floor(var.keep_old_versions_days) == var.keep_old_versions_days
    error_message = "keep_old_versions_days must be a whole number from 1."
  }
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

variable "force_destroy" {
  description = "Whether `terraform destroy` takes the files along. For throw-away environments."
  type        = bool
  default     = false
  nullable    = false
}
