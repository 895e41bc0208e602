data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  partition = data.aws_partition.here.partition
  bucket    = "${var.project}-tfstate-${local.account}-${var.aws_region}"
  issuer    = "token.actions.githubusercontent.com"

  oidc_provider = var.create_oidc_provider ? aws_iam_openid_connect_provider.github[0].arn : "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  # One role a purpose in each environment.
  roles = merge([
    for environment, subjects in var.environments : {
      "${environment}-plan"   = { environment = environment, subjects = subjects.plan_subjects, does = "plans and looks for drift" }
      "${environment}-deploy" = { environment = environment, subjects = subjects.deploy_subjects, does = "deploys; its rights come with the stack" }
      "${environment}-infra"  = { environment = environment, subjects = subjects.infra_subjects, does = "applies" }
    }
  ]...)
}

# AWS knows GitHub's certificate authorities by itself: no thumbprint to keep up.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  for_each = local.roles

  name                 = "${var.project}-ci-${each.key}"
  description          = "GitHub's jobs for ${each.value.environment}: ${each.value.does}"
  max_session_duration = 60 * var.session_minutes

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.oidc_provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      # Equal, not like: a wildcard here has opened more accounts than any stolen key.
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = each.value.subjects
        }
      }
    }]
  })
}
