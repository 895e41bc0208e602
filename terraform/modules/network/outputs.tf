output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Its addresses."
  value       = aws_vpc.this.cidr_block
}

output "availability_zones" {
  description = "The zones, in the order of the subnets."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "Subnets that the internet reaches."
  value       = [for i in range(length(var.public_subnets)) : aws_subnet.public[tostring(i)].id]
}

output "private_subnet_ids" {
  description = "Subnets of the tasks."
  value       = [for i in range(length(var.private_subnets)) : aws_subnet.private[tostring(i)].id]
}

output "database_subnet_ids" {
  description = "Subnets of the database."
  value       = [for i in range(length(var.database_subnets)) : aws_subnet.database[tostring(i)].id]
}

output "load_balancer_security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.load_balancer.id
}

output "api_security_group_id" {
  description = "Security group of the API's tasks, and of migrations."
  value       = aws_security_group.api.id
}

output "database_security_group_id" {
  description = "Security group of the database."
  value       = aws_security_group.database.id
}

output "nat_public_ips" {
  description = "Addresses from which the tasks reach the internet: what a partner's allow list needs."
  value       = [for address in aws_eip.nat : address.public_ip]
}
