resource "aws_ecr_repository" "api" {
  name         = var.repository_name
  force_delete = var.force_delete

  # A tag is a commit and stays one: nobody can slip another image under it.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == "" ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn == "" ? null : var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "api" {
  repository = aws_ecr_repository.api.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What a build left unfinished"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = var.keep_untagged_days }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "All but the last ${var.keep_images}, whether in use or not"
        selection    = { tagStatus = "tagged", tagPatternList = ["*"], countType = "imageCountMoreThan", countNumber = var.keep_images }
        action       = { type = "expire" }
      },
    ]
  })
}

# A cache's tag names the branch that wrote it, and must move. Nothing is deployed from here: the execution role may not pull from it.
#trivy:ignore:AWS-0031
resource "aws_ecr_repository" "cache" {
  # checkov:skip=CKV_AWS_51:a cache's tags must move; nothing is deployed from it

  count = var.cache_repository ? 1 : 0

  name                 = "${var.repository_name}-cache"
  image_tag_mutability = "MUTABLE"
  # Only the time of one slower build is lost with it.
  force_delete = true

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == "" ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn == "" ? null : var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "cache" {
  count = var.cache_repository ? 1 : 0

  repository = aws_ecr_repository.cache[0].name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Caches that no build has renewed"
      selection    = { tagStatus = "any", countType = "sinceImagePushed", countUnit = "days", countNumber = var.keep_cache_days }
      action       = { type = "expire" }
    }]
  })
}
