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

run "githubs_provider_is_there_already" {
  command = plan

  variables {
    create_oidc_provider = false
    project              = "shop"
    old_states_days      = 30
    session_minutes      = 120
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && output.oidc_provider_arn == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "the account's own must be used"
  }

  assert {
    condition     = aws_iam_role.ci["dev-plan"].name == "shop-ci-dev-plan" && aws_iam_role.ci["dev-plan"].max_session_duration == 7200 && output.deploy_role_names.dev == "shop-ci-dev-deploy"
    error_message = "names and minutes must be used"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "days must be used"
  }
}
