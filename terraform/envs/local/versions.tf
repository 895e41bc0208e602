terraform {
  required_version = ">= 1.10.0, < 2.0.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The newest that can be had where no provider registry is reachable. It runs on a local AWS, never on a real one.
      version = "= 3.39.0"
    }
  }

  # The bucket comes with `-backend-config`, the endpoint from AWS_ENDPOINT_URL.
  backend "s3" {
    key            = "envs/local.tfstate"
    use_path_style = true
    use_lockfile   = true
  }
}

provider "aws" {
  region     = var.aws_region
  access_key = "test"
  secret_key = "test"

  # A local AWS has one address and no accounts to look up.
  s3_force_path_style         = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true

  endpoints {
    cloudwatch     = var.endpoint
    cloudwatchlogs = var.endpoint
    # Without this one the provider asks the real EC2 for every command, and waits.
    ec2            = var.endpoint
    ecr            = var.endpoint
    iam            = var.endpoint
    s3             = var.endpoint
    secretsmanager = var.endpoint
    sns            = var.endpoint
    sts            = var.endpoint
  }

  default_tags {
    tags = {
      project     = var.name
      environment = "local"
      managed-by  = "terraform"
    }
  }
}
