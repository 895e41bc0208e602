terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.34, < 7.0"
    }
  }

  # The bucket is bootstrap's: `-backend-config=bucket=…` and `-backend-config=region=…`.
  backend "s3" {
    key          = "dev/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.aws_region
  # The wrong account is noticed before anything is asked of it.
  allowed_account_ids = var.allowed_account_ids

  default_tags {
    tags = {
      Project     = "todo"
      Environment = "dev"
      ManagedBy   = "terraform"
    }
  }
}
