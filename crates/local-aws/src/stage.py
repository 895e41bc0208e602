"""Makes what an app needs around it on the local AWS and Terraform's provider of 2021 is too slow or too old for.

    stage.py GIVEN FALLBACK_JS      GIVEN: JSON {name, suffix, postgres_major, registry, and what Terraform made already:
                                    bucket, repository, log_group, execution_role, task_role,
                                    subnets, public_subnets, database_subnets,
                                    security_groups, load_balancer_security_groups, database_security_groups}

What GIVEN lacks is made here too. Prints JSON: names to deploy with, and `staged`, the list of what was made.
"""

import json
import sys
import time

import boto3

# Managed policies of CloudFront: the same ids in every account.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
REGION = "eu-west-1"

given = json.loads(sys.argv[1])
name = given["name"]
staged = []


def aws(service):
    return boto3.client(service)


def database():
    """Aurora PostgreSQL, its password in a secret that RDS manages. Waited for at the end: it is the slowest."""
    # RDS names its container after the cluster, and another local AWS may share the engine.
    cluster = f"{name}-{given['suffix']}"
    rds = aws("rds")
    place = {}
    if given.get("database_subnets"):
        rds.create_db_subnet_group(
            DBSubnetGroupName=cluster, DBSubnetGroupDescription=name, SubnetIds=given["database_subnets"]
        )
        place = {"DBSubnetGroupName": cluster, "VpcSecurityGroupIds": given["database_security_groups"]}
    rds.create_db_cluster(
        DBClusterIdentifier=cluster,
        Engine="aurora-postgresql",
        EngineVersion=str(given["postgres_major"]),
        MasterUsername="todo",
        ManageMasterUserPassword=True,
        DatabaseName="todo",
        StorageEncrypted=True,
        **place,
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{cluster}-1", DBClusterIdentifier=cluster, DBInstanceClass="db.serverless", Engine="aurora-postgresql"
    )
    staged.append(f"Aurora PostgreSQL cluster {cluster}, its password managed in a secret")
    return cluster


def database_ready(cluster):
    rds = aws("rds")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        seen = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
        instance = rds.describe_db_instances(DBInstanceIdentifier=f"{cluster}-1")["DBInstances"][0]
        if instance["DBInstanceStatus"] == "available" and seen["Status"] == "available":
            return {
                "cluster": cluster,
                "host": seen["Endpoint"],
                "port": seen["Port"],
                "name": "todo",
                "secret": seen["MasterUserSecret"]["SecretArn"],
            }
        if instance["DBInstanceStatus"] == "failed":
            sys.exit(f"the database {cluster} failed to start: see MiniStack's log")
        time.sleep(0.2)
    sys.exit(f"the database {cluster} was not available within 60 s")


def network():
    """Terraform's subnets, or the ones of the default VPC."""
    ec2 = aws("ec2")
    subnets = given.get("subnets") or [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    groups = given.get("security_groups") or [
        ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"][0]["GroupId"]
    ]
    return vpc, subnets, groups


def load_balancer(vpc, subnets, groups):
    elb = aws("elbv2")
    balancer = elb.create_load_balancer(
        Name=f"{name}-alb",
        Subnets=given.get("public_subnets") or subnets,
        SecurityGroups=given.get("load_balancer_security_groups") or groups,
    )["LoadBalancers"][0]
    target = elb.create_target_group(
        Name=f"{name}-api", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", HealthCheckPath="/health"
    )["TargetGroups"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
    )
    staged.append(f"load balancer {name}-alb with target group {name}-api and a listener")
    return {"name": f"{name}-alb", "arn": balancer["LoadBalancerArn"], "dns": balancer["DNSName"], "target_group": target["TargetGroupArn"]}


def execution_role():
    if given.get("execution_role"):
        return given["execution_role"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    role = aws("iam").create_role(RoleName=f"{name}-execution", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    aws("iam").attach_role_policy(
        RoleName=f"{name}-execution", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    )
    staged.append(f"execution role {name}-execution")
    return role["Arn"]


def log_group():
    if given.get("log_group"):
        return given["log_group"]
    aws("logs").create_log_group(logGroupName=f"/ecs/{name}-api")
    staged.append(f"log group /ecs/{name}-api")
    return f"/ecs/{name}-api"


def repository():
    if given.get("repository"):
        return given["repository"]
    aws("ecr").create_repository(repositoryName=f"{name}/api", imageTagMutability="IMMUTABLE")
    staged.append(f"repository {name}/api, its tags immutable")
    return f"{name}/api"


def service(subnets, groups, balancer, db, role, logs, repo):
    """No task yet: the first deploy brings the first image, and says how many."""
    ecs = aws("ecs")
    ecs.create_cluster(clusterName=f"{name}-cluster")
    container = {
        "name": "api",
        # Never run: the service starts with no task, and each deploy names its own image by digest.
        "image": f"{given.get('registry', '127.0.0.1')}/{repo}:none-yet",
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [
            {"name": "DB_HOST", "value": db["host"]},
            {"name": "DB_PORT", "value": str(db["port"])},
            {"name": "DB_NAME", "value": db["name"]},
            {"name": "LOG_FORMAT", "value": "json"},
        ],
        "secrets": [
            {"name": "DB_USER", "valueFrom": f"{db['secret']}:username::"},
            {"name": "DB_PASSWORD", "valueFrom": f"{db['secret']}:password::"},
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": logs, "awslogs-region": REGION, "awslogs-stream-prefix": "api"},
        },
        "stopTimeout": 10,
    }
    definition = ecs.register_task_definition(
        family=f"{name}-api",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn=role,
        **({"taskRoleArn": given["task_role"]} if given.get("task_role") else {}),
        containerDefinitions=[container],
    )["taskDefinition"]
    ecs.create_service(
        cluster=f"{name}-cluster",
        serviceName=f"{name}-api",
        taskDefinition=definition["taskDefinitionArn"],
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups, "assignPublicIp": "DISABLED"}},
        loadBalancers=[{"targetGroupArn": balancer["target_group"], "containerName": "api", "containerPort": 8080}],
        deploymentConfiguration={
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
        },
    )
    staged.append(f"cluster {name}-cluster and service {name}-api: awsvpc, Fargate, circuit breaker with rollback, no task yet")


def bucket():
    if given.get("bucket"):
        return given["bucket"]
    made = f"{name}-web-{given['suffix']}"
    aws("s3").create_bucket(Bucket=made, CreateBucketConfiguration={"LocationConstraint": REGION})
    staged.append(f"bucket {made}")
    return made


def distribution(site, balancer):
    """The site from S3 by origin access control, the API from the load balancer, the SPA's own paths by a function."""
    cloudfront = aws("cloudfront")
    control = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": f"{name}-web",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]
    made = cloudfront.create_function(
        Name=f"{name}-spa-fallback", FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"}, FunctionCode=sys.argv[2].encode()
    )
    cloudfront.publish_function(Name=f"{name}-spa-fallback", IfMatch=made["ETag"])
    function = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    # Plain HTTP as well: the local AWS has no certificate that a browser trusts.
    common = {"ViewerProtocolPolicy": "allow-all", "Compress": True, "ResponseHeadersPolicyId": SECURITY_HEADERS}
    config = {
        "CallerReference": f"{name}-{given['suffix']}",
        "Comment": name,
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": {
            "Quantity": 2,
            "Items": [
                {
                    "Id": "web",
                    "DomainName": f"{site}.s3.{REGION}.amazonaws.com",
                    "OriginAccessControlId": control,
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                },
                {
                    "Id": "api",
                    "DomainName": balancer["dns"],
                    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
                },
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "web",
            "CachePolicyId": CACHING_OPTIMIZED,
            "FunctionAssociations": {"Quantity": 1, "Items": [{"EventType": "viewer-request", "FunctionARN": function}]},
            **common,
        },
        "CacheBehaviors": {
            "Quantity": 1,
            "Items": [
                {
                    "PathPattern": "/api/*",
                    "TargetOriginId": "api",
                    "CachePolicyId": CACHING_DISABLED,
                    "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
                    "AllowedMethods": {
                        "Quantity": 7,
                        "Items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
                        "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
                    },
                    **common,
                }
            ],
        },
    }
    made = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                # Listing, so that what is missing is a 404 and not a 403.
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{site}", f"arn:aws:s3:::{site}/*"],
                "Condition": {"StringEquals": {"AWS:SourceArn": made["ARN"]}},
            }
        ],
    }
    aws("s3").put_bucket_policy(Bucket=site, Policy=json.dumps(policy))
    staged.append(f"distribution {made['Id']}: S3 by origin access control, /api/* to the load balancer, {name}-spa-fallback for the rest")
    return {"id": made["Id"], "domain": made["DomainName"]}


db_cluster = database()
vpc, subnets, groups = network()
balancer = load_balancer(vpc, subnets, groups)
site = bucket()
cdn = distribution(site, balancer)
role, logs, repo = execution_role(), log_group(), repository()
db = database_ready(db_cluster)
service(subnets, groups, balancer, db, role, logs, repo)
json.dump(
    {
        "cluster": f"{name}-cluster",
        "service": f"{name}-api",
        "container": "api",
        "repository": repo,
        "bucket": site,
        "log_group": logs,
        "load_balancer": balancer,
        "database": db,
        "distribution": cdn,
        "staged": staged,
    },
    sys.stdout,
)
