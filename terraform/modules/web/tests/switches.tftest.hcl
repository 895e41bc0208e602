mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                  = "todo-test"
  api_domain_name       = "internal-todo.eu-west-1.elb.amazonaws.com"
  api_load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/todo/1"
}

run "over_the_internet_with_a_secret" {
  variables {
    api_domain_name       = "api.todo.example"
    api_exposure          = "internet-facing"
    api_load_balancer_arn = ""
    api_protocol          = "https-only"
    origin_secret         = "0123456789abcdef0123456789abcdef"
    origin_secret_header  = "X-Secret"
  }

  assert {
    condition     = length(aws_cloudfront_vpc_origin.api) == 0
    error_message = "no VPC origin for what faces the internet"
  }

  assert {
    condition     = alltrue([for origin in aws_cloudfront_distribution.this.origin : origin.custom_origin_config[0].origin_protocol_policy == "https-only" && one(origin.custom_header).name == "X-Secret" if origin.origin_id == "api"])
    error_message = "HTTPS, with the header"
  }

  assert {
    condition     = alltrue([for origin in aws_cloudfront_distribution.this.origin : length(origin.custom_header) == 0 if origin.origin_id == "site"])
    error_message = "and the bucket does not get it"
  }
}

run "a_domain_of_its_own" {
  variables {
    domain_names    = ["todo.example", "www.todo.example"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    zone_id         = "Z123"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this.viewer_certificate[0].acm_certificate_arn == var.certificate_arn
    error_message = "TLS 1.2 or newer"
  }

  assert {
    condition     = length(aws_route53_record.site) == 4 && output.url == "https://todo.example"
    error_message = "A and AAAA for each name"
  }
}

run "a_domain_that_is_entered_elsewhere" {
  variables {
    domain_names    = ["todo.example"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
  }

  assert {
    condition     = length(aws_route53_record.site) == 0 && aws_cloudfront_distribution.this.aliases == toset(["todo.example"])
    error_message = "the name is taken, and no record made"
  }
}

run "all_of_its_own" {
  variables {
    api_path_pattern        = "/v1/*"
    web_acl_arn             = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/todo/1"
    price_class             = "PriceClass_All"
    content_security_policy = "default-src 'none'"
    keep_old_versions_days  = 90
    access_log_days         = 7
    force_destroy           = true
  }

  assert {
    condition     = aws_cloudfront_distribution.this.ordered_cache_behavior[0].path_pattern == "/v1/*" && aws_cloudfront_distribution.this.web_acl_id == var.web_acl_arn && aws_cloudfront_distribution.this.price_class == "PriceClass_All"
    error_message = "path, firewall and price class must be used"
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.security.security_headers_config[0].content_security_policy[0].content_security_policy == "default-src 'none'"
    error_message = "the policy must be used"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.site.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90 && aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].expiration[0].days == 7 && aws_s3_bucket.site.force_destroy
    error_message = "days must be used"
  }
}

run "without_access_logs" {
  variables {
    access_logs = false
  }

  assert {
    condition     = length(aws_s3_bucket.logs) == 0 && length(aws_cloudwatch_log_delivery.this) == 0
    error_message = "nothing of access logs may be left"
  }
}
