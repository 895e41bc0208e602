# Three groups, a resource for each rule: a rule can then be changed without touching its neighbours.

data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_security_group" "load_balancer" {
  # checkov:skip=CKV2_AWS_5:attached by module load-balancer

  name        = "${var.name}-alb"
  description = "Load balancer: reached by CloudFront alone"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-alb" }
}

# One port: CloudFront's list counts as some 55 of the 60 rules that a group may have, so a second rule with it does not fit.
resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_cloudfront" {
  security_group_id = aws_security_group.load_balancer.id
  description       = "CloudFront, over the internet or through its VPC origin"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = var.load_balancer_port
  to_port           = var.load_balancer_port
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_api" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "The API's tasks"
  referenced_security_group_id = aws_security_group.api.id
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
}

resource "aws_security_group" "api" {
  # checkov:skip=CKV2_AWS_5:attached by module api-service

  name        = "${var.name}-api"
  description = "Tasks of the API: reached by the load balancer alone"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-api" }
}

resource "aws_vpc_security_group_ingress_rule" "api_from_load_balancer" {
  security_group_id            = aws_security_group.api.id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
}

resource "aws_vpc_security_group_egress_rule" "api_to_database" {
  security_group_id            = aws_security_group.api.id
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}

# ECR, CloudWatch Logs, Secrets Manager and Cognito have no fixed addresses: TLS to anywhere, through the NAT gateway.
#trivy:ignore:AWS-0104
resource "aws_vpc_security_group_egress_rule" "api_to_internet" {
  for_each = var.nat == "none" ? toset([]) : toset(["0"])

  security_group_id = aws_security_group.api.id
  description       = "TLS to AWS and the identity provider"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "api_to_endpoints" {
  for_each = aws_security_group.endpoints

  security_group_id            = aws_security_group.api.id
  description                  = "VPC endpoints"
  referenced_security_group_id = each.value.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "api_to_s3" {
  for_each = aws_security_group.endpoints

  security_group_id = aws_security_group.api.id
  description       = "Image layers, through S3's gateway endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "database" {
  # checkov:skip=CKV2_AWS_5:attached by module database

  name        = "${var.name}-database"
  description = "Database: reached by the API's tasks alone, reaches nothing"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database_from_api" {
  security_group_id            = aws_security_group.database.id
  description                  = "The API's tasks"
  referenced_security_group_id = aws_security_group.api.id
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}
