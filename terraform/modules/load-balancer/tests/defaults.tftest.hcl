mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  vpc_id            = "vpc-1"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "it_has_no_address_on_the_internet" {
  assert {
    condition     = aws_lb.this.internal && aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields
    error_message = "internal, protected, and deaf to invalid headers"
  }

  assert {
    condition     = aws_lb_listener.this.port == 80 && output.protocol == "http-only" && length(aws_lb_listener.redirect) == 0
    error_message = "without a certificate CloudFront comes on 80"
  }

  assert {
    condition     = aws_lb_listener.this.default_action[0].fixed_response[0].status_code == "403"
    error_message = "what no rule lets through must be refused"
  }

  assert {
    condition     = length(aws_lb_listener_rule.api.condition) == 1
    error_message = "behind a VPC origin no header is needed"
  }
}

run "targets_are_asked_for_their_health" {
  assert {
    condition     = aws_lb_target_group.this["api"].target_type == "ip" && aws_lb_target_group.this["api"].port == 8080 && tonumber(aws_lb_target_group.this["api"].deregistration_delay) == 30
    error_message = "Fargate tasks are targets by address, and get 30 s to finish"
  }

  assert {
    condition     = aws_lb_target_group.this["api"].health_check[0].path == "/health" && aws_lb_target_group.this["api"].health_check[0].matcher == "200" && aws_lb_target_group.this["api"].health_check[0].interval == 30
    error_message = "/health must answer 200"
  }

  assert {
    condition     = output.alternate_target_group_arn == ""
    error_message = "there is no second group unless asked for"
  }
}

run "each_request_is_recorded" {
  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.access_logs[0].bucket == aws_s3_bucket.logs[0].id
    error_message = "access logs must be on"
  }

  assert {
    condition     = aws_s3_bucket.logs[0].bucket == "todo-test-alb-logs-123456789012" && aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].expiration[0].days == 90
    error_message = "in a bucket of this account, for 90 days"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.logs[0].block_public_policy && aws_s3_bucket_public_access_block.logs[0].restrict_public_buckets
    error_message = "nobody else may read them"
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_s3_bucket_policy.logs[0].policy).Statement : statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"])
    error_message = "the bucket must refuse what is not encrypted on its way"
  }
}
