mock_provider "aws" {
  source = "../../tests/aws"
}

run "without_a_cache" {
  variables {
    cache_repository = false
  }

  assert {
    condition     = length(aws_ecr_repository.cache) == 0 && length(aws_ecr_lifecycle_policy.cache) == 0 && output.cache_repository_url == "" && output.cache_repository_arn == ""
    error_message = "nothing of the cache may be left"
  }
}

run "everything_of_its_own" {
  command = plan

  variables {
    repository_name    = "shop/api"
    keep_images        = 50
    keep_untagged_days = 1
    keep_cache_days    = 3
    kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/1"
    force_delete       = true
  }

  assert {
    condition     = aws_ecr_repository.cache[0].name == "shop/api-cache" && aws_ecr_repository.api.force_delete
    error_message = "name and force_delete must be used"
  }

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.api.policy).rules : rule.selection.countNumber] == [1, 50] && jsondecode(aws_ecr_lifecycle_policy.cache[0].policy).rules[0].selection.countNumber == 3
    error_message = "each number must be used"
  }

  assert {
    condition     = aws_ecr_repository.api.encryption_configuration[0].encryption_type == "KMS" && aws_ecr_repository.cache[0].encryption_configuration[0].kms_key == var.kms_key_arn
    error_message = "the key must be used"
  }
}
