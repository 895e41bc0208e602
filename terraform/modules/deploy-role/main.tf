locals {
  # arn:aws:ecs:region:account:cluster/name
  arn      = split(":", var.cluster_arn)
  policies = "${path.module}/../../../actions"

  programs = concat(["build-push", "migrate", "ecs-rollout", "web-publish"], local.reads_secrets ? ["render-env"] : [])

  # What the programs' own policies name in placeholders.
  names = {
    Partition    = local.arn[1]
    Region       = local.arn[3]
    Account      = local.arn[4]
    Cluster      = split("/", var.cluster_arn)[1]
    Service      = var.service_name
    Family       = var.task_definition_family
    LogGroup     = split(":log-group:", var.log_group_arn)[1]
    Bucket       = split(":::", var.bucket_arn)[1]
    Distribution = split("/", var.distribution_arn)[1]
    Parameter    = "none"
  }

  # Of these there may be several, also of another account: their ARNs take the place of the whole resource.
  several = {
    Repository = var.repository_arns
    Role       = var.task_role_arns
    Secret     = var.readable_secret_arns
  }

  reads_secrets = length(var.readable_secret_arns) > 0
  # Repository and log group are Terraform's, parameters hold nothing here, and a name that is mistyped is told all the same.
  withheld = concat(["CreateLogGroup", "CreateRepository", "NearestNames", "ReadParameters"], local.reads_secrets ? [] : ["LookAtSecrets", "ReadSecrets"])

  statements = {
    for program in local.programs : program => [
      for statement in jsondecode(templatefile("${local.policies}/${program}/policy.json", merge(local.names, { for name, _ in local.several : name => "$${${name}}" }))).Statement :
      merge(statement, { Resource = flatten([for resource in statement.Resource : try(local.several[regex("[$][{](\\w+)[}]$", resource)[0]], [resource])]) })
      if !contains(local.withheld, statement.Sid)
    ]
  }
}

# A policy a program: what one of them needs is taken away with it.
resource "aws_iam_role_policy" "program" {
  for_each = toset(local.programs)

  name   = each.key
  role   = var.role_name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}
