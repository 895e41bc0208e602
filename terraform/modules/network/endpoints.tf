locals {
  # Two for ECR: its API and the registry itself; the layers come from S3.
  interface_endpoints = var.nat == "none" ? toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"]) : toset([])
}

# Costs nothing, and keeps image layers off the NAT gateway, where each gigabyte costs.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.here.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.here.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints["0"].id]

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "endpoints" {
  # checkov:skip=CKV2_AWS_5:attached to the endpoints above

  for_each = var.nat == "none" ? toset(["0"]) : toset([])

  name        = "${var.name}-endpoints"
  description = "VPC endpoints: reached by the API's tasks alone"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_api" {
  for_each = aws_security_group.endpoints

  security_group_id            = each.value.id
  description                  = "The API's tasks, TLS"
  referenced_security_group_id = aws_security_group.api.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
