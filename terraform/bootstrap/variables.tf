variable "aws_region" {
  description = "Region of the state and of the stacks."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region such as eu-west-1."
  }
}

variable "allowed_account_ids" {
  description = "Accounts in which this may be applied."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_account_ids) > 0 && alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "allowed_account_ids must be one or more account numbers of twelve digits."
  }
}

variable "project" {
  description = "Begins the names: roles `<project>-ci-<environment>-…`, which may make `<project>-<environment>-…`."
  type        = string
  default     = "todo"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.project)) && !strcontains(var.project, "--")
    error_message = "project must be 3 to 16 lower case letters, digits and single hyphens, a letter first."
  }
}

variable "environments" {
  description = "For each environment, which subjects GitHub's tokens must have to plan, to deploy and to apply, whole and without wildcards: `repo:org/todo-actions:environment:prod`. A newer repository's subjects hold ids too (`repo:org@1/todo-actions@2:…`): take them as a token shows them. A job with `environment:` never has a pull request's subject."
  type = map(object({
    plan_subjects   = list(string)
    deploy_subjects = list(string)
    infra_subjects  = list(string)
  }))
  nullable = false

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9]{1,11}$", name))])
    error_message = "environments must be one or more, named by 2 to 12 lower case letters and digits."
  }

  validation {
    condition     = alltrue(flatten([for subjects in values(var.environments) : [for subject in concat(subjects.plan_subjects, subjects.deploy_subjects, subjects.infra_subjects) : startswith(subject, "repo:") && !strcontains(subject, "*") && !strcontains(subject, "?")]]))
    error_message = "environments must name whole subjects that begin with repo:, without * and ?."
  }

  validation {
    condition     = alltrue(flatten([for subjects in values(var.environments) : [for subject in concat(subjects.deploy_subjects, subjects.infra_subjects) : !endswith(subject, ":pull_request")]]))
    error_message = "environments must let no pull request deploy or apply: anybody may open one."
  }

  validation {
    condition     = alltrue([for subjects in values(var.environments) : length(subjects.plan_subjects) > 0 && length(subjects.deploy_subjects) > 0 && length(subjects.infra_subjects) > 0])
    error_message = "environments must have subjects for each of the three roles."
  }
}

variable "create_oidc_provider" {
  description = "Whether the account has no OIDC provider of GitHub's yet: there can be one."
  type        = bool
  default     = true
  nullable    = false
}

variable "old_states_days" {
  description = "For how many days replaced states can be brought back."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.old_states_days >= 7 && floor(var.old_states_days) == var.old_states_days
    error_message = "old_states_days must be a whole number from 7."
  }
}

variable "session_minutes" {
  description = "For how many minutes a role is held: as long as the longest apply, a database's."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.session_minutes >= 60 && var.session_minutes <= 720
    error_message = "session_minutes must be 60 to 720."
  }
}
