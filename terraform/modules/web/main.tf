data "aws_caller_identity" "here" {}

data "aws_cloudfront_cache_policy" "optimized" {
  name = "Managed-CachingOptimized"
}

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

data "aws_cloudfront_origin_request_policy" "all_viewer" {
  name = "Managed-AllViewer"
}

locals {
  vpc_origin = var.api_exposure == "internal"
}

resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "${var.name}-web"
  description                       = "The distribution of ${var.name} reads its bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_vpc_origin" "api" {
  count = local.vpc_origin ? 1 : 0

  vpc_origin_endpoint_config {
    name                   = "${var.name}-api"
    arn                    = var.api_load_balancer_arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = var.api_protocol

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }
}

# Answers are not touched (a rewrite of 403 and 404 would take the API's too): only what is asked of the bucket.
resource "aws_cloudfront_function" "spa_fallback" {
  name    = "${var.name}-spa-fallback"
  comment = "A path of the page's own router is the page"
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = file("${path.module}/spa-fallback.js")
}

resource "aws_cloudfront_response_headers_policy" "security" {
  # checkov:skip=CKV_AWS_259:all but preload, which binds a whole domain for years and is its owner's to ask for

  name    = "${var.name}-security"
  comment = "What browsers are asked to be strict about"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }

    content_security_policy {
      content_security_policy = var.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }
  }

  # S3's and CloudFront's own names help nobody but who looks for a version to attack.
  remove_headers_config {
    items {
      header = "Server"
    }
  }
}

# A firewall is the owner's choice (web_acl_arn): its rules and its price depend on the visitors.
#trivy:ignore:AWS-0011
# CloudFront's own certificate fixes the oldest TLS by itself; with a domain of one's own it is 1.2 from 2021.
#trivy:ignore:AWS-0013
resource "aws_cloudfront_distribution" "this" {
  # checkov:skip=CKV2_AWS_47:a firewall is the owner's choice, and nothing here is Java
  # checkov:skip=CKV_AWS_68:a firewall is the owner's choice: web_acl_arn
  # checkov:skip=CKV_AWS_86:access logs go by log deliveries, which this check does not know
  # checkov:skip=CKV_AWS_310:there is one bucket and one API: nothing to fail over to
  # checkov:skip=CKV_AWS_374:people may be anywhere

  enabled             = true
  comment             = var.name
  aliases             = var.domain_names
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  web_acl_id          = var.web_acl_arn == "" ? null : var.web_acl_arn

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.site.id
  }

  origin {
    origin_id   = "api"
    domain_name = var.api_domain_name

    dynamic "vpc_origin_config" {
      for_each = aws_cloudfront_vpc_origin.api

      content {
        vpc_origin_id            = vpc_origin_config.value.id
        origin_read_timeout      = 30
        origin_keepalive_timeout = 5
      }
    }

    dynamic "custom_origin_config" {
      for_each = local.vpc_origin ? toset([]) : toset(["internet"])

      content {
        http_port                = 80
        https_port               = 443
        origin_protocol_policy   = var.api_protocol
        origin_ssl_protocols     = ["TLSv1.2"]
        origin_read_timeout      = 30
        origin_keepalive_timeout = 5
      }
    }

    dynamic "custom_header" {
      for_each = nonsensitive(var.origin_secret == "") ? toset([]) : toset(["secret"])

      content {
        name  = var.origin_secret_header
        value = var.origin_secret
      }
    }
  }

  # Uncached, with all that the viewer sent, Host too: the API sees the name that people typed.
  ordered_cache_behavior {
    path_pattern               = var.api_path_pattern
    target_origin_id           = "api"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.disabled.id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.all_viewer.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.security.id
  }

  default_cache_behavior {
    target_origin_id           = "site"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.security.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.spa_fallback.arn
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = length(var.domain_names) == 0
    acm_certificate_arn            = length(var.domain_names) == 0 ? null : var.certificate_arn
    ssl_support_method             = length(var.domain_names) == 0 ? null : "sni-only"
    minimum_protocol_version       = length(var.domain_names) == 0 ? null : "TLSv1.2_2021"
  }
}

locals {
  records = var.zone_id == "" ? {} : {
    for pair in setproduct(var.domain_names, ["A", "AAAA"]) : "${pair[0]} ${pair[1]}" => { name = pair[0], type = pair[1] }
  }
}

resource "aws_route53_record" "site" {
  for_each = local.records

  zone_id = var.zone_id
  name    = each.value.name
  type    = each.value.type

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}
