# A second fence, by subnet: security groups decide who speaks with whom, these hold even when a group is opened by mistake.
# They have no memory, so answers need rules of their own: the ports from 1024 up.

locals {
  anywhere = "0.0.0.0/0"

  acls = {
    public = {
      subnets = [for subnet in aws_subnet.public : subnet.id]
      ingress = concat(
        [
          { cidr = local.anywhere, from = 443, to = 443 },
          { cidr = local.anywhere, from = 80, to = 80 },
          { cidr = local.anywhere, from = 1024, to = 65535 },
        ],
      )
      egress = [
        { cidr = local.anywhere, from = 443, to = 443 },
        { cidr = local.anywhere, from = 1024, to = 65535 },
      ]
    }
    private = {
      subnets = [for subnet in aws_subnet.private : subnet.id]
      ingress = [
        { cidr = var.cidr, from = 80, to = 80 },
        { cidr = var.cidr, from = 443, to = 443 },
        # Answers of what is reached through the NAT gateway, and the tasks' own port.
        { cidr = local.anywhere, from = 1024, to = 65535 },
      ]
      egress = [
        { cidr = local.anywhere, from = 443, to = 443 },
        { cidr = var.cidr, from = 1024, to = 65535 },
      ]
    }
    database = {
      subnets = [for subnet in aws_subnet.database : subnet.id]
      ingress = [for range in var.private_subnets : { cidr = range, from = var.database_port, to = var.database_port }]
      egress  = [for range in var.private_subnets : { cidr = range, from = 1024, to = 65535 }]
    }
  }

  acl_rules = merge([
    for acl, rules in local.acls : merge(
      { for i, rule in rules.ingress : "${acl}-in-${i}" => merge(rule, { acl = acl, egress = false, number = 100 + 10 * i }) },
      { for i, rule in rules.egress : "${acl}-out-${i}" => merge(rule, { acl = acl, egress = true, number = 100 + 10 * i }) },
    )
  ]...)
}

resource "aws_network_acl" "this" {
  for_each = local.acls

  vpc_id     = aws_vpc.this.id
  subnet_ids = each.value.subnets

  tags = { Name = "${var.name}-${each.key}" }
}

# Web ports and answers only. Answers to connections made from here come from anywhere, and who may begin one is for the groups to say.
#trivy:ignore:AWS-0105
resource "aws_network_acl_rule" "this" {
  for_each = local.acl_rules

  network_acl_id = aws_network_acl.this[each.value.acl].id
  egress         = each.value.egress
  rule_number    = each.value.number
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}
