//! The same against the local AWS: MiniStack's S3 and CloudFront, which others wrote.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use local_aws::{LocalAws, Needs, REGION};
use serde_json::{Value, json};
use step_harness::{Step, step};

use crate::fixture::{Site, asset, ends};

fn aws() -> &'static LocalAws {
    static AWS: OnceLock<LocalAws> = OnceLock::new();
    AWS.get_or_init(|| LocalAws::start(Needs::default()).unwrap())
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A bucket behind a distribution that only CloudFront may read.
struct Place {
    aws: &'static LocalAws,
    bucket: String,
    distribution: String,
    domain: String,
}

impl Place {
    fn new(versioned: bool) -> Self {
        Self::on(aws(), versioned)
    }

    fn on(aws: &'static LocalAws, versioned: bool) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let bucket = aws.unique(&format!("web-{number}"));
        let call =
            |service: &str, call: &str, params: Value| aws.call(service, call, &params).unwrap();
        call(
            "s3",
            "create_bucket",
            json!({ "Bucket": bucket, "CreateBucketConfiguration": { "LocationConstraint": REGION } }),
        );
        if versioned {
            let status = json!({ "Status": "Enabled" });
            call(
                "s3",
                "put_bucket_versioning",
                json!({ "Bucket": bucket, "VersioningConfiguration": status }),
            );
        }
        let open = json!({
            "Effect": "Allow",
            "Principal": { "Service": "cloudfront.amazonaws.com" },
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{bucket}/*"),
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [open] }).to_string();
        call("s3", "put_bucket_policy", json!({ "Bucket": bucket, "Policy": policy }));
        let access = json!({
            "Name": bucket,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        });
        let access = call(
            "cloudfront",
            "create_origin_access_control",
            json!({ "OriginAccessControlConfig": access }),
        );
        let origin = json!({
            "Id": "s3",
            "DomainName": format!("{bucket}.s3.{REGION}.amazonaws.com"),
            "OriginAccessControlId": access["OriginAccessControl"]["Id"],
            "S3OriginConfig": { "OriginAccessIdentity": "" },
        });
        let config = json!({
            "CallerReference": bucket,
            "Comment": "",
            "Enabled": true,
            "DefaultRootObject": "index.html",
            "Origins": { "Quantity": 1, "Items": [origin] },
            "DefaultCacheBehavior": {
                "TargetOriginId": "s3",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        });
        let made =
            call("cloudfront", "create_distribution", json!({ "DistributionConfig": config }));
        let text = |name: &str| made["Distribution"][name].as_str().unwrap().to_owned();
        Self { aws, bucket, distribution: text("Id"), domain: text("DomainName") }
    }

    fn step(&self) -> Step {
        step!("web-publish")
            .endpoint(&self.aws.endpoint())
            .input("bucket", &self.bucket)
            .input("distribution-id", &self.distribution)
    }

    fn publish(&self, site: &Site, release: &str) -> Step {
        self.step().input("directory", site.path()).input("release", release)
    }

    fn visit(&self, path: &str) -> (u16, String, String) {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("{}{path}", self.aws.endpoint());
        let mut answer = agent.get(&url).header("host", &self.domain).call().unwrap();
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let status = answer.status().as_u16();
        (status, kind, answer.body_mut().read_to_string().unwrap_or_default())
    }
}

#[test]
fn a_site_is_published_changed_and_brought_back() {
    for versioned in [true, false] {
        let (place, site) = (Place::new(versioned), Site::new("a"));
        let run = place.publish(&site, "ra").run();
        ends(&run, 0, "published");
        assert_eq!(run.output("url"), format!("https://{}", place.domain));
        let (status, kind, page) = place.visit("/");
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        assert!(page.contains("<h1>a</h1>"));

        let run = place.publish(&site, "ra").run();
        ends(&run, 0, "unchanged");
        assert_eq!(run.output("requests"), "3");

        site.release("b");
        site.remove("robots.txt");
        let run = place.publish(&site, "rb").run();
        ends(&run, 0, "published");
        assert_eq!((run.output("uploaded"), run.output("deleted")), ("2", "1"));
        assert!(place.visit("/").2.contains("<h1>b</h1>"));
        assert_ne!(place.visit("/robots.txt").0, 200);
        // The script of the page before is there for tabs that are still open.
        let (status, kind, _) = place.visit(&format!("/{}", asset("a")));
        assert_eq!((status, kind.as_str()), (200, "text/javascript; charset=utf-8"));

        let run = place.step().input("rollback-to", "previous").run();
        ends(&run, 0, "restored");
        assert_eq!(run.output("release"), "ra");
        assert!(place.visit("/").2.contains("<h1>a</h1>"));
        assert_eq!(place.visit("/robots.txt").0, 200);
    }
}

#[test]
fn names_of_every_kind_are_served_under_themselves() {
    let (place, site) = (Place::new(true), Site::new("a"));
    for name in ["a b.txt", "a#b.txt", "100%.txt", "a+b.txt", "日本語.txt", "😀.txt"] {
        site.write(&format!("files/{name}"), name);
    }
    ends(&place.publish(&site, "r1").run(), 0, "published");
    for (url, text) in [
        ("a%20b.txt", "a b.txt"),
        ("a%23b.txt", "a#b.txt"),
        ("100%25.txt", "100%.txt"),
        ("%E6%97%A5%E6%9C%AC%E8%AA%9E.txt", "日本語.txt"),
        ("%F0%9F%98%80.txt", "😀.txt"),
    ] {
        assert_eq!(place.visit(&format!("/files/{url}")).2, text);
    }
    let run = place.publish(&site, "r1").arg("--verify-remote").run();
    ends(&run, 0, "unchanged");
}

#[test]
fn a_large_file_goes_in_parts() {
    let (place, site) = (Place::new(true), Site::new("a"));
    let file = std::fs::File::create(site.path().join("video.mp4")).unwrap();
    file.set_len(70 * 1024 * 1024).unwrap();
    ends(&place.publish(&site, "r1").run(), 0, "published");
    let head = aws()
        .call("s3", "head_object", &json!({ "Bucket": place.bucket, "Key": "video.mp4" }))
        .unwrap();
    assert_eq!(head["ContentLength"], 70 * 1024 * 1024);
    assert!(head["ETag"].as_str().unwrap().ends_with("-5\""), "{head}");
    ends(&place.publish(&site, "r1").arg("--verify-remote").run(), 0, "unchanged");
}

#[test]
fn what_is_not_there_is_told_with_the_nearest_name() {
    let (place, site) = (Place::new(true), Site::new("a"));
    let run = place.publish(&site, "r1").input("bucket", format!("{}x", place.bucket)).run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.log.contains(&format!("did you mean `{}`?", place.bucket)), "{}", run.log);
    let run = place.publish(&site, "r1").input("distribution-id", "E0NOTHING").run();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(
        run.log.contains(&format!("`{}` serves that bucket", place.distribution)),
        "{}",
        run.log
    );
}

/// Where IAM decides: a publisher that may do exactly what `statements` say.
struct Publisher {
    place: Place,
    key: Value,
    user: String,
}

impl Publisher {
    fn new() -> Self {
        static AWS: OnceLock<LocalAws> = OnceLock::new();
        let needs = Needs { auth: true, ..Needs::default() };
        let aws = AWS.get_or_init(|| LocalAws::start(needs).unwrap());
        let user = aws.unique("publisher");
        aws.call("iam", "create_user", &json!({ "UserName": user })).unwrap();
        let made = aws.call("iam", "create_access_key", &json!({ "UserName": user })).unwrap();
        Self { place: Place::on(aws, true), key: made["AccessKey"].clone(), user }
    }

    /// The rights that the documentation names, less `without`.
    fn may(&self, without: &str) {
        let bucket = format!("arn:aws:s3:::{}", self.place.bucket);
        let objects = format!("{bucket}/*");
        let distribution = format!(
            "arn:aws:cloudfront::{}:distribution/{}",
            local_aws::ACCOUNT,
            self.place.distribution
        );
        let all = [
            ("s3:ListBucket", &bucket),
            ("s3:GetObject", &objects),
            ("s3:GetObjectVersion", &objects),
            ("s3:PutObject", &objects),
            ("s3:DeleteObject", &objects),
            ("cloudfront:GetDistribution", &distribution),
            ("cloudfront:CreateInvalidation", &distribution),
            ("cloudfront:GetInvalidation", &distribution),
        ];
        let statements: Vec<Value> = all
            .into_iter()
            .filter(|(action, _)| *action != without)
            .map(|(action, on)| json!({ "Effect": "Allow", "Action": action, "Resource": on }))
            .collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let policy =
            json!({ "UserName": self.user, "PolicyName": "publish", "PolicyDocument": policy });
        self.place.aws.call("iam", "put_user_policy", &policy).unwrap();
    }

    fn as_publisher(&self, step: Step) -> Step {
        let text = |name: &str| self.key[name].as_str().unwrap().to_owned();
        step.env("AWS_ACCESS_KEY_ID", text("AccessKeyId"))
            .env("AWS_SECRET_ACCESS_KEY", text("SecretAccessKey"))
    }
}

#[test]
fn the_rights_that_are_documented_are_enough_and_each_missing_one_is_named() {
    let (publisher, site) = (Publisher::new(), Site::new("a"));
    let place = &publisher.place;
    let publish = |release: &str| publisher.as_publisher(place.publish(&site, release));
    for (without, code) in
        [("s3:GetObject", 2), ("s3:PutObject", 1), ("cloudfront:GetDistribution", 2)]
    {
        publisher.may(without);
        let run = publish("ra").run();
        assert_eq!(run.code, code, "{run:#?}");
        assert!(run.log.contains(&format!("`{without}`")), "{without}: {}", run.log);
    }
    publisher.may("");
    ends(&publish("ra").run(), 0, "published");
    assert!(place.visit("/").2.contains("<h1>a</h1>"));
    ends(&publish("ra").run(), 0, "unchanged");

    site.release("b");
    site.remove("robots.txt");
    publisher.may("s3:DeleteObject");
    let run = publish("rb").run();
    ends(&run, 1, "failed");
    assert!(run.log.contains("s3:DeleteObject"), "{}", run.log);
    publisher.may("");
    let run = publish("rb").run();
    assert_eq!(run.code, 0, "{run:#?}");
    assert_ne!(place.visit("/robots.txt").0, 200);
    let run = publisher.as_publisher(place.step().input("rollback-to", "previous")).run();
    ends(&run, 0, "restored");
    assert!(place.visit("/").2.contains("<h1>a</h1>"));
}
