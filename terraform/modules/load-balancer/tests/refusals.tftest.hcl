# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name              = "todo-test"
  vpc_id            = "vpc-1"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
}

run "a_name_that_is_too_long" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "todo-application-production"
  }
}

run "a_vpc_by_name" {
  command         = plan
  expect_failures = [var.vpc_id]

  variables {
    vpc_id = "main"
  }
}

run "one_subnet" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    subnet_ids = ["subnet-1"]
  }
}

run "a_group_by_name" {
  command         = plan
  expect_failures = [var.security_group_id]

  variables {
    security_group_id = "alb"
  }
}

run "an_exposure_that_does_not_exist" {
  command         = plan
  expect_failures = [var.exposure]

  variables {
    exposure = "public"
  }
}

run "a_certificate_by_name" {
  command         = plan
  expect_failures = [var.certificate_arn]

  variables {
    certificate_arn = "todo.example"
  }
}

run "internet_facing_without_a_certificate" {
  command         = plan
  expect_failures = [var.certificate_arn]

  variables {
    exposure      = "internet-facing"
    origin_secret = "0123456789abcdef0123456789abcdef"
  }
}

run "a_header_that_cloudfront_keeps" {
  command         = plan
  expect_failures = [var.origin_secret_header]

  variables {
    origin_secret_header = "X-Amz-Secret"
  }
}

run "internet_facing_with_a_short_secret" {
  command         = plan
  expect_failures = [var.origin_secret]

  variables {
    exposure        = "internet-facing"
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    origin_secret   = "short"
  }
}

run "a_secret_that_is_a_wildcard" {
  command         = plan
  expect_failures = [var.origin_secret]

  variables {
    origin_secret = "********************************"
  }
}

run "no_port" {
  command         = plan
  expect_failures = [var.target_port]

  variables {
    target_port = 0
  }
}

run "a_path_without_a_slash" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { path = "health" }
  }
}

run "a_check_that_outlasts_its_interval" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { interval = 5, timeout = 10 }
  }
}

run "one_answer_that_decides" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { healthy_threshold = 1 }
  }
}

run "an_hour_and_more_to_finish" {
  command         = plan
  expect_failures = [var.deregistration_delay]

  variables {
    deregistration_delay = 4000
  }
}

run "logs_for_no_time" {
  command         = plan
  expect_failures = [var.access_log_days]

  variables {
    access_log_days = 0
  }
}
