mock_provider "aws" {
  source = "../../tests/aws"
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.repository_name]

  variables {
    repository_name = "Todo-API"
  }
}

run "keeping_one_image" {
  command         = plan
  expect_failures = [var.keep_images]

  variables {
    keep_images = 1
  }
}

run "half_a_day_for_untagged_images" {
  command         = plan
  expect_failures = [var.keep_untagged_days]

  variables {
    keep_untagged_days = 0.5
  }
}

run "no_day_for_caches" {
  command         = plan
  expect_failures = [var.keep_cache_days]

  variables {
    keep_cache_days = 0
  }
}

run "a_key_by_name" {
  command         = plan
  expect_failures = [var.kms_key_arn]

  variables {
    kms_key_arn = "alias/images"
  }
}
