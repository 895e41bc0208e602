output "bucket_name" {
  description = "Where the site's files are, web-publish's `bucket`."
  value       = aws_s3_bucket.site.bucket
}

output "bucket_arn" {
  description = "The bucket, for policies."
  value       = aws_s3_bucket.site.arn
}

output "distribution_id" {
  description = "The distribution, web-publish's `distribution-id`."
  value       = aws_cloudfront_distribution.this.id
}

output "distribution_arn" {
  description = "The distribution, for policies."
  value       = aws_cloudfront_distribution.this.arn
}

output "domain_name" {
  description = "The name that CloudFront gives."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "hosted_zone_id" {
  description = "The zone of that name, for an alias record of your own."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}

output "url" {
  description = "What people type."
  value       = "https://${length(var.domain_names) > 0 ? var.domain_names[0] : aws_cloudfront_distribution.this.domain_name}"
}
