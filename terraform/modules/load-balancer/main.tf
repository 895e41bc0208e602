data "aws_caller_identity" "here" {}

locals {
  https       = var.certificate_arn != ""
  port        = local.https ? 443 : 80
  internet    = var.exposure == "internet-facing"
  groups      = var.second_target_group ? toset(["api", "api-2"]) : toset(["api"])
  logs_bucket = "${var.name}-alb-logs-${data.aws_caller_identity.here.account_id}"
}

# Internet-facing only where the owner asks for it; CloudFront's prefix list and the secret header then stand before it.
#trivy:ignore:AWS-0053
resource "aws_lb" "this" {
  # checkov:skip=CKV2_AWS_28:CloudFront alone reaches it, and a firewall belongs there: web_acl_arn
  # checkov:skip=CKV_AWS_150:on unless the environment is made to be thrown away

  name               = "${var.name}-alb"
  load_balancer_type = "application"
  internal           = !local.internet
  subnets            = var.subnet_ids
  security_groups    = [var.security_group_id]

  enable_deletion_protection = var.deletion_protection
  # A header that no specification knows is how requests are smuggled.
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  # CloudFront waits 30 s for an answer; we keep the connection longer, so that never the nearer end hangs up first.
  idle_timeout = 60

  dynamic "access_logs" {
    for_each = aws_s3_bucket.logs

    content {
      bucket  = access_logs.value.id
      enabled = true
    }
  }

  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378:the tasks are in private subnets and reached by the load balancer alone; a certificate in each would have to be renewed in each

  for_each = local.groups

  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.target_port
  deregistration_delay = var.deregistration_delay

  health_check {
    path                = var.health_check.path
    matcher             = var.health_check.matcher
    interval            = var.health_check.interval
    timeout             = var.health_check.timeout
    healthy_threshold   = var.health_check.healthy_threshold
    unhealthy_threshold = var.health_check.unhealthy_threshold
  }

  lifecycle {
    create_before_destroy = true
  }
}

# HTTP only where no certificate is given, and then the load balancer is internal: the way from CloudFront never leaves AWS.
#trivy:ignore:AWS-0054
resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = local.port
  protocol          = local.https ? "HTTPS" : "HTTP"
  certificate_arn   = local.https ? var.certificate_arn : null
  ssl_policy        = local.https ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null

  # What no rule lets through.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "403"
      message_body = "Forbidden"
    }
  }
}

# The one way in. ECS shifts its weights in a blue-green deployment, so they are not ours to put back.
resource "aws_lb_listener_rule" "api" {
  listener_arn = aws_lb_listener.this.arn
  priority     = 10

  action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = aws_lb_target_group.this

        content {
          arn    = target_group.value.arn
          weight = target_group.key == "api" ? 100 : 0
        }
      }
    }
  }

  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  dynamic "condition" {
    for_each = local.internet ? toset(["header"]) : toset([])

    content {
      http_header {
        http_header_name = var.origin_secret_header
        values           = [var.origin_secret]
      }
    }
  }

  lifecycle {
    ignore_changes = [action]
  }
}

resource "aws_lb_listener" "redirect" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
