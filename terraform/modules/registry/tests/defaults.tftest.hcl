mock_provider "aws" {
  source = "../../tests/aws"
}

run "a_tag_stays_what_it_was" {
  command = plan

  assert {
    condition     = aws_ecr_repository.api.name == "todo-api" && aws_ecr_repository.api.image_tag_mutability == "IMMUTABLE"
    error_message = "tags of the API's repository must be immutable"
  }

  assert {
    condition     = aws_ecr_repository.api.image_scanning_configuration[0].scan_on_push && aws_ecr_repository.cache[0].image_scanning_configuration[0].scan_on_push
    error_message = "each push must be scanned"
  }

  assert {
    condition     = !aws_ecr_repository.api.force_delete
    error_message = "destroying must not take images along"
  }

  assert {
    condition     = aws_ecr_repository.api.encryption_configuration[0].encryption_type == "AES256"
    error_message = "images must be encrypted"
  }
}

run "ten_tagged_images_are_kept" {
  command = plan

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.api.policy).rules[1].selection.countNumber == 10 && jsondecode(aws_ecr_lifecycle_policy.api.policy).rules[1].selection.tagPatternList == ["*"]
    error_message = "the last ten tagged images must be kept, whatever their tags"
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.api.policy).rules[0].selection.tagStatus == "untagged" && jsondecode(aws_ecr_lifecycle_policy.api.policy).rules[0].selection.countNumber == 7
    error_message = "untagged images must go after a week"
  }
}

run "the_cache_has_tags_that_move" {
  assert {
    condition     = aws_ecr_repository.cache[0].name == "todo-api-cache" && aws_ecr_repository.cache[0].image_tag_mutability == "MUTABLE"
    error_message = "a cache is written anew under the same tag"
  }

  assert {
    condition     = output.cache_repository_url == aws_ecr_repository.cache[0].repository_url
    error_message = "builds must be told where it is"
  }
}
