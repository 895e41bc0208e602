# What a mocked provider would leave empty or make up, and somebody reads: shared by the tests of all modules.

mock_data "aws_availability_zones" {
  defaults = {
    names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  }
}

mock_data "aws_region" {
  defaults = {
    region = "eu-west-1"
  }
}

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
}

mock_resource "aws_rds_cluster" {
  defaults = {
    endpoint        = "todo.cluster-x.eu-west-1.rds.amazonaws.com"
    reader_endpoint = "todo.cluster-ro-x.eu-west-1.rds.amazonaws.com"

    master_user_secret = [{
      secret_arn    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1"
      kms_key_id    = "arn:aws:kms:eu-west-1:123456789012:key/1"
      secret_status = "active"
    }]
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn                         = "arn:aws:s3:::todo-test"
    bucket_regional_domain_name = "todo-test.s3.eu-west-1.amazonaws.com"
  }
}

mock_resource "aws_cloudfront_distribution" {
  defaults = {
    arn            = "arn:aws:cloudfront::123456789012:distribution/E1"
    domain_name    = "d1.cloudfront.net"
    hosted_zone_id = "Z2FDTNDATAQYW2"
  }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/todo-test-alb/1"
    arn_suffix = "app/todo-test-alb/1"
    dns_name   = "internal-todo-test-alb-1.eu-west-1.elb.amazonaws.com"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/todo-test-api/1"
    arn_suffix = "targetgroup/todo-test-api/1"
  }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-west-1:123456789012:repository/todo-api"
    repository_url = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/todo-api"
  }
}

mock_resource "aws_vpc" {
  defaults = {
    id = "vpc-1"
  }
}

mock_resource "aws_security_group" {
  defaults = {
    id = "sg-1"
  }
}

mock_resource "aws_ecs_cluster" {
  defaults = {
    arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/todo-app-cluster"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::123456789012:role/todo-test"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:todo-test"
  }
}

mock_resource "aws_lb_listener_rule" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/todo-test-alb/1/2/3"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:todo-test-AbCdEf"
  }
}
