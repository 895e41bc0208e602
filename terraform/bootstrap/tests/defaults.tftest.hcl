# Planned only: what is protected against destruction cannot be torn down after a test.

mock_provider "aws" {
  source          = "../tests/aws"
  override_during = plan

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }
  }

  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/todo-ci-boundary"
    }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
    }
  }
}

variables {
  allowed_account_ids = ["123456789012"]

  environments = {
    dev = {
      plan_subjects   = ["repo:org/todo-actions:pull_request"]
      deploy_subjects = ["repo:org/todo-actions:environment:dev"]
      infra_subjects  = ["repo:org/todo-actions:environment:dev"]
    }

    prod = {
      plan_subjects   = ["repo:org/todo-actions:pull_request"]
      deploy_subjects = ["repo:org/todo-actions:environment:prod"]
      infra_subjects  = ["repo:org/todo-actions:environment:prod"]
    }
  }
}

run "states_are_kept_well" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "todo-tfstate-123456789012-eu-west-1" && aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "versioned, and old states kept for 90 days"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && aws_kms_key.state.enable_key_rotation && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "under a key of its own, and nobody's business"
  }
}

run "a_token_must_say_exactly_what_is_expected" {
  command = plan

  assert {
    condition     = toset(keys(aws_iam_role.ci)) == toset(["dev-plan", "dev-deploy", "dev-infra", "prod-plan", "prod-deploy", "prod-infra"])
    error_message = "three roles an environment"
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.ci : keys(jsondecode(role.assume_role_policy).Statement[0].Condition) == ["StringEquals"]])
    error_message = "equal, never like"
  }

  assert {
    condition     = jsondecode(aws_iam_role.ci["prod-infra"].assume_role_policy).Statement[0].Condition.StringEquals == { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = ["repo:org/todo-actions:environment:prod"] }
    error_message = "prod's environment alone may apply to prod"
  }

  assert {
    condition     = aws_iam_role.ci["prod-infra"].max_session_duration == 3600 && aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "for an hour, with a token made for AWS"
  }
}

run "whoever_plans_reads_no_content" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.plan["dev"].policy).Statement : [
        for action in statement.Action : can(regex(":(Describe|Get|List|View)", action)) && !contains(["s3:GetObject", "secretsmanager:GetSecretValue", "logs:GetLogEvents", "s3:Get*", "logs:Get*", "secretsmanager:Get*"], action)
      ] if statement.Sid == "Look"
    ]))
    error_message = "describing alone"
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_iam_role_policy.plan["dev"].policy).Statement : statement.Effect == "Deny" && contains(statement.Action, "secretsmanager:GetSecretValue")])
    error_message = "and no secret, whatever else is attached"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.plan["dev"].policy).Statement : statement.Resource if statement.Sid == "ReadState"]) == ["${aws_s3_bucket.state.arn}/dev/*"]
    error_message = "its own state alone"
  }

  assert {
    condition     = alltrue([for resource in one([for statement in jsondecode(aws_iam_role_policy.plan["dev"].policy).Statement : statement.Resource if statement.Sid == "Lock"]) : endswith(resource, ".tflock") || endswith(resource, ".holder.json")])
    error_message = "it writes locks and no state"
  }
}

run "whoever_applies_cannot_become_an_administrator" {
  command = plan

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.infra["prod"].policy).Statement : statement if statement.Sid == "MakeRoles"]).Condition.StringEquals["iam:PermissionsBoundary"] == aws_iam_policy.boundary["prod"].arn
    error_message = "a role only within the boundary"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.infra["prod"].policy).Statement : alltrue([for resource in try(statement.Resource, []) : startswith(resource, "arn:aws:iam::123456789012:role/todo-prod-")]) if contains(["MakeRoles", "ChangeRoles", "HandOverRoles"], statement.Sid)])
    error_message = "and only under the stack's name"
  }

  assert {
    condition     = contains(jsondecode(aws_iam_policy.boundary["prod"].policy).Statement[0].NotAction, "iam:*") && contains(jsondecode(aws_iam_policy.boundary["prod"].policy).Statement[0].NotAction, "sts:AssumeRole")
    error_message = "within which there is nothing of IAM"
  }

  assert {
    condition     = contains(one([for statement in jsondecode(aws_iam_role_policy.infra["prod"].policy).Statement : statement.Action if statement.Sid == "NoUsersNoKeys"]), "iam:DeleteRolePermissionsBoundary")
    error_message = "and which cannot be taken off"
  }

  assert {
    condition     = !contains(flatten([for statement in jsondecode(aws_iam_role_policy.infra["prod"].policy).Statement : statement.Action if statement.Effect == "Allow"]), "iam:*")
    error_message = "never all of IAM"
  }

  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_role_policy.infra), values(aws_iam_role_policy.plan)) : length(policy.policy) < 10240])
    error_message = "IAM takes 10,240 characters of inline policies a role"
  }
}
