resource "aws_appautoscaling_target" "api" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.api.name}"
  min_capacity       = coalesce(var.scaling.min, var.desired_count)
  max_capacity       = var.scaling.max
}

resource "aws_appautoscaling_policy" "api" {
  for_each = {
    cpu    = { metric = "ECSServiceAverageCPUUtilization", percent = var.scaling.cpu_percent }
    memory = { metric = "ECSServiceAverageMemoryUtilization", percent = var.scaling.memory_percent }
  }

  name               = "${var.name}-api-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.api.service_namespace
  scalable_dimension = aws_appautoscaling_target.api.scalable_dimension
  resource_id        = aws_appautoscaling_target.api.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = each.value.percent
    # Up at once, down after five calm minutes.
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
    }
  }
}
