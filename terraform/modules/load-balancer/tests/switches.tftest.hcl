mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  vpc_id            = "vpc-1"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "internal_with_a_certificate" {
  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
  }

  assert {
    condition     = aws_lb_listener.this.port == 443 && aws_lb_listener.this.protocol == "HTTPS" && strcontains(aws_lb_listener.this.ssl_policy, "TLS13-1-2") && output.protocol == "https-only"
    error_message = "443 with TLS 1.2 or newer"
  }

  assert {
    condition     = aws_lb_listener.redirect[0].default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.redirect[0].port == 80
    error_message = "80 must redirect"
  }
}

run "internet_facing_asks_for_the_secret_header" {
  variables {
    exposure        = "internet-facing"
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    origin_secret   = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = !aws_lb.this.internal
    error_message = "it must face the internet"
  }

  assert {
    condition     = one([for condition in aws_lb_listener_rule.api.condition : condition.http_header[0].http_header_name if length(condition.http_header) > 0]) == "X-Origin-Verify"
    error_message = "the only way in must ask for the header"
  }

  assert {
    condition     = nonsensitive(one(flatten([for condition in aws_lb_listener_rule.api.condition : [for header in condition.http_header : tolist(header.values)]])) == var.origin_secret)
    error_message = "with the secret as its value"
  }
}

# From nothing: the weights are ECS's once the rule is there.
run "two_groups_for_blue_and_green" {
  state_key = "blue_green"

  variables {
    second_target_group = true
  }

  assert {
    condition     = length(aws_lb_target_group.this) == 2 && output.alternate_target_group_arn == aws_lb_target_group.this["api-2"].arn
    error_message = "there must be two groups"
  }

  assert {
    condition     = toset([for group in aws_lb_listener_rule.api.action[0].forward[0].target_group : group.weight]) == toset([100, 0])
    error_message = "all traffic begins with the first"
  }
}

run "numbers_of_its_own" {
  variables {
    target_port          = 3000
    deregistration_delay = 5
    access_log_days      = 7
    deletion_protection  = false
    origin_secret_header = "X-Secret"

    health_check = {
      path     = "/ready"
      interval = 10
    }
  }

  assert {
    condition     = aws_lb_target_group.this["api"].port == 3000 && aws_lb_target_group.this["api"].health_check[0].path == "/ready" && aws_lb_target_group.this["api"].health_check[0].interval == 10 && aws_lb_target_group.this["api"].health_check[0].timeout == 5
    error_message = "what is given must be used, what is not keeps its default"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].expiration[0].days == 7 && !aws_lb.this.enable_deletion_protection
    error_message = "days and protection must be used"
  }
}

run "without_access_logs" {
  variables {
    access_logs = false
  }

  assert {
    condition     = length(aws_s3_bucket.logs) == 0 && length(aws_lb.this.access_logs) == 0 && output.access_logs_bucket == ""
    error_message = "nothing of access logs may be left"
  }
}
