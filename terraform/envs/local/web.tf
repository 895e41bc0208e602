# The site's objects. The distribution in front of them is not here: see the README.
resource "aws_s3_bucket" "web" {
  # Bucket names are the world's: a local AWS has a port to tell its worlds apart.
  bucket = "${var.name}-web-${replace(var.endpoint, "/^.*[^0-9]([0-9]+)$/", "$1")}"
  acl    = "private"
  # A local bucket may be taken down with all that is in it.
  force_destroy = true

  # A release is taken back by its old versions.
  versioning {
    enabled = true
  }

  lifecycle_rule {
    id      = "forget-old-versions"
    enabled = true

    noncurrent_version_expiration {
      days = 30
    }
  }

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }
}

resource "aws_s3_bucket_public_access_block" "web" {
  bucket = aws_s3_bucket.web.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
