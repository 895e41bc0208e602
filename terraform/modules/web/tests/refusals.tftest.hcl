# Each validation refuses what AWS would refuse later, or would take to nobody's joy.

mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                  = "todo-test"
  api_domain_name       = "internal-todo.eu-west-1.elb.amazonaws.com"
  api_load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/todo/1"
}

run "a_name_in_capitals" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Todo"
  }
}

run "an_address_in_place_of_a_name" {
  command         = plan
  expect_failures = [var.api_domain_name]

  variables {
    api_domain_name = "https://todo.example/"
  }
}

run "a_load_balancer_by_name" {
  command         = plan
  expect_failures = [var.api_load_balancer_arn]

  variables {
    api_load_balancer_arn = "todo-alb"
  }
}

run "a_protocol_that_does_not_exist" {
  command         = plan
  expect_failures = [var.api_protocol]

  variables {
    api_protocol = "match-viewer"
  }
}

run "plain_http_over_the_internet" {
  command         = plan
  expect_failures = [var.api_protocol]

  variables {
    api_exposure = "internet-facing"
    api_protocol = "http-only"
  }
}

run "an_exposure_that_does_not_exist" {
  command         = plan
  expect_failures = [var.api_exposure]

  variables {
    api_exposure = "public"
    api_protocol = "https-only"
  }
}

run "an_internal_load_balancer_without_its_arn" {
  command         = plan
  expect_failures = [var.api_load_balancer_arn]

  variables {
    api_load_balancer_arn = ""
  }
}

run "everything_to_the_api" {
  command         = plan
  expect_failures = [var.api_path_pattern]

  variables {
    api_path_pattern = "/*"
  }
}

run "a_header_with_a_blank" {
  command         = plan
  expect_failures = [var.origin_secret_header]

  variables {
    origin_secret_header = "X Secret"
  }
}

run "a_secret_that_can_be_guessed" {
  command         = plan
  expect_failures = [var.origin_secret]

  variables {
    origin_secret = "secret"
  }
}

run "a_domain_with_a_path" {
  command         = plan
  expect_failures = [var.domain_names]

  variables {
    domain_names    = ["todo.example/app"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
  }
}

run "a_certificate_from_elsewhere" {
  command         = plan
  expect_failures = [var.certificate_arn]

  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
  }
}

run "a_domain_without_a_certificate" {
  command         = plan
  expect_failures = [var.certificate_arn]

  variables {
    domain_names = ["todo.example"]
  }
}

run "a_zone_by_name" {
  command         = plan
  expect_failures = [var.zone_id]

  variables {
    zone_id = "todo.example"
  }
}

run "a_firewall_for_load_balancers" {
  command         = plan
  expect_failures = [var.web_acl_arn]

  variables {
    web_acl_arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/todo/1"
  }
}

run "a_price_class_that_does_not_exist" {
  command         = plan
  expect_failures = [var.price_class]

  variables {
    price_class = "PriceClass_50"
  }
}

run "a_policy_that_lets_text_be_run" {
  command         = plan
  expect_failures = [var.content_security_policy]

  variables {
    content_security_policy = "default-src 'self' 'unsafe-eval'"
  }
}

run "old_versions_for_no_day" {
  command         = plan
  expect_failures = [var.keep_old_versions_days]

  variables {
    keep_old_versions_days = 0
  }
}

run "logs_for_half_a_day" {
  command         = plan
  expect_failures = [var.access_log_days]

  variables {
    access_log_days = 0.5
  }
}
