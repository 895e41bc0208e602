mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name                  = "todo-test"
  api_domain_name       = "internal-todo.eu-west-1.elb.amazonaws.com"
  api_load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/todo/1"
}

run "the_site_comes_from_a_private_bucket" {
  assert {
    condition     = aws_s3_bucket.site.bucket == "todo-test-web-123456789012" && aws_s3_bucket_public_access_block.site.restrict_public_buckets && aws_s3_bucket_public_access_block.site.block_public_acls
    error_message = "nobody but CloudFront may read it"
  }

  assert {
    condition     = one([for origin in aws_cloudfront_distribution.this.origin : origin.origin_access_control_id if origin.origin_id == "site"]) == aws_cloudfront_origin_access_control.site.id && aws_cloudfront_origin_access_control.site.signing_behavior == "always"
    error_message = "by origin access control"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_s3_bucket_policy.site.policy).Statement : statement.Condition.StringEquals["AWS:SourceArn"] if statement.Sid == "ThisDistributionReads"]) == aws_cloudfront_distribution.this.arn
    error_message = "and only this distribution's"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_s3_bucket_policy.site.policy).Statement : "${statement.Effect} ${statement.Resource}" if statement.Sid == "ManifestsAreNotForVisitors"]) == "Deny ${aws_s3_bucket.site.arn}/.releases/*"
    error_message = "manifests of releases are not for visitors"
  }

  assert {
    condition     = !aws_s3_bucket.site.force_destroy
    error_message = "a bucket with files may not go"
  }
}

run "a_release_can_be_rolled_back" {
  assert {
    condition     = aws_s3_bucket_versioning.site.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.site.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "old versions must be kept for 30 days"
  }
}

run "the_api_is_reached_uncached_through_the_vpc" {
  assert {
    condition     = aws_cloudfront_vpc_origin.api[0].vpc_origin_endpoint_config[0].arn == var.api_load_balancer_arn && aws_cloudfront_vpc_origin.api[0].vpc_origin_endpoint_config[0].origin_protocol_policy == "http-only"
    error_message = "the load balancer must be a VPC origin"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.ordered_cache_behavior[0].path_pattern == "/api/*" && aws_cloudfront_distribution.this.ordered_cache_behavior[0].target_origin_id == "api" && aws_cloudfront_distribution.this.ordered_cache_behavior[0].cache_policy_id == data.aws_cloudfront_cache_policy.disabled.id && aws_cloudfront_distribution.this.ordered_cache_behavior[0].origin_request_policy_id == data.aws_cloudfront_origin_request_policy.all_viewer.id
    error_message = "/api/* must go to the API, uncached, with all that the viewer sent"
  }

  assert {
    condition     = data.aws_cloudfront_origin_request_policy.all_viewer.name == "Managed-AllViewer" && data.aws_cloudfront_cache_policy.disabled.name == "Managed-CachingDisabled"
    error_message = "by AWS's own policies"
  }

  assert {
    condition     = contains(aws_cloudfront_distribution.this.ordered_cache_behavior[0].allowed_methods, "DELETE")
    error_message = "the API must be able to write"
  }
}

run "only_the_sites_own_paths_are_rewritten" {
  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior[0].function_association).function_arn == aws_cloudfront_function.spa_fallback.arn && length(aws_cloudfront_distribution.this.ordered_cache_behavior[0].function_association) == 0
    error_message = "the function belongs to the site's behaviour alone"
  }

  assert {
    condition     = length(aws_cloudfront_distribution.this.custom_error_response) == 0
    error_message = "a rewrite of errors would take the API's too"
  }

  assert {
    condition     = strcontains(aws_cloudfront_function.spa_fallback.code, "/assets/")
    error_message = "a missing chunk must stay missing"
  }
}

run "browsers_are_asked_to_be_strict" {
  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && aws_cloudfront_distribution.this.ordered_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    error_message = "HTTPS alone"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].response_headers_policy_id == aws_cloudfront_response_headers_policy.security.id && aws_cloudfront_response_headers_policy.security.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec >= 31536000 && aws_cloudfront_response_headers_policy.security.security_headers_config[0].frame_options[0].frame_option == "DENY"
    error_message = "with the security headers"
  }
}

run "it_is_fast_and_compressed" {
  assert {
    condition     = aws_cloudfront_distribution.this.http_version == "http2and3" && aws_cloudfront_distribution.this.is_ipv6_enabled && aws_cloudfront_distribution.this.price_class == "PriceClass_100" && aws_cloudfront_distribution.this.default_cache_behavior[0].compress
    error_message = "HTTP/2 and 3, IPv6, compressed, from the cheapest places"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].cloudfront_default_certificate && output.url == "https://d1.cloudfront.net" && length(aws_route53_record.site) == 0
    error_message = "under CloudFront's own name"
  }
}

run "each_request_is_recorded" {
  assert {
    condition     = aws_cloudwatch_log_delivery_source.this[0].resource_arn == aws_cloudfront_distribution.this.arn && aws_cloudwatch_log_delivery_source.this[0].region == "us-east-1" && aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].expiration[0].days == 90
    error_message = "access logs, for 90 days"
  }
}
