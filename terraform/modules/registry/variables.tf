variable "repository_name" {
  description = "Name of the repository of the API's images."
  type        = string
  default     = "todo-api"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.repository_name)) && length(var.repository_name) >= 2 && length(var.repository_name) <= 240
    error_message = "repository_name must be lower case letters and digits, with single . _ / - between them, at most 240 characters."
  }
}

variable "keep_images" {
  description = "How many tagged images are kept. The eleventh oldest goes even if a service still runs it or a rollback would want it: keep more than you deploy between two releases that you may go back to."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.keep_images >= 2 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number from 2: with one, each push takes away what runs."
  }
}

variable "keep_untagged_days" {
  description = "After how many days images without a tag go: what a build left unfinished."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.keep_untagged_days >= 1 && floor(var.keep_untagged_days) == var.keep_untagged_days
    error_message = "keep_untagged_days must be a whole number from 1."
  }
}

variable "cache_repository" {
  description = "Whether there is a second repository, `<repository_name>-cache`, for the layers that the next build starts from. Its tags move, so nothing may be deployed from it."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_cache_days" {
  description = "After how many days a layer cache goes."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.keep_cache_days >= 1 && floor(var.keep_cache_days) == var.keep_cache_days
    error_message = "keep_cache_days must be a whole number from 1."
  }
}

variable "kms_key_arn" {
  description = "Key for the images. Empty: AWS's own (AES-256). Changing it replaces the repositories, images and all."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, or empty."
  }
}

variable "force_delete" {
  description = "Whether `terraform destroy` takes the images along. For throw-away environments."
  type        = bool
  default     = false
  nullable    = false
}
