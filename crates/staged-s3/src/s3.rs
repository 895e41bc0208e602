//! The S3 protocol, path style: what publishers use of it, with S3's own conditions and errors.

use std::collections::HashMap;

use axum::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::{
    receive::Received,
    reply::{Reply, error, hex, http_date, iso, now, reply, with, xml},
    store::{Bucket, KEPT, Object, Part, Store, Upload, version_id},
    xml::{element, elements, escape, unescape},
};

const PAGE: usize = 1000;

/// A request, taken apart.
pub(crate) struct Request<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) query: &'a HashMap<String, String>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) received: Received,
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn query(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received.body).into_owned()
    }
}

/// The operation's name, as AWS writes it.
pub(crate) fn operation(
    method: &Method,
    bucket: &str,
    key: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> &'static str {
    let has = |name: &str| query.contains_key(name);
    let copies = headers.contains_key("x-amz-copy-source");
    match (method.as_str(), key.is_empty()) {
        ("GET", true) if bucket.is_empty() => "ListBuckets",
        ("PUT", true) if has("versioning") => "PutBucketVersioning",
        ("PUT", true) => "CreateBucket",
        ("HEAD", true) => "HeadBucket",
        ("POST", true) if has("delete") => "DeleteObjects",
        ("GET", true) if has("location") => "GetBucketLocation",
        ("GET", true) if has("versioning") => "GetBucketVersioning",
        ("GET", true) if has("list-type") => "ListObjectsV2",
        ("GET", true) => "ListObjects",
        ("PUT", false) if has("uploadId") => "UploadPart",
        ("PUT", false) if copies => "CopyObject",
        ("PUT", false) => "PutObject",
        ("POST", false) if has("uploads") => "CreateMultipartUpload",
        ("POST", false) if has("uploadId") => "CompleteMultipartUpload",
        ("DELETE", false) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", false) => "DeleteObject",
        ("HEAD", false) => "HeadObject",
        ("GET", false) => "GetObject",
        _ => "Other",
    }
}

pub(crate) fn answer(store: &mut Store, operation: &str, request: &Request<'_>) -> Reply {
    match operation {
        "CreateBucket" => {
            store.buckets.entry(request.bucket.to_owned()).or_default();
            return reply(200, "");
        }
        "ListBuckets" => return buckets(store),
        _ if request.received.other_bytes => return error(400, "BadDigest"),
        _ => {}
    }
    let Some(bucket) = store.buckets.get(request.bucket) else {
        return error(404, "NoSuchBucket");
    };
    let scope = request.header("authorization").unwrap_or_default();
    if let Some(region) = &bucket.region
        && !scope.contains(&format!("/{region}/s3/"))
    {
        let moved = error(301, "PermanentRedirect");
        return with(moved, "x-amz-bucket-region", Some(region));
    }
    match operation {
        "CopyObject" => copy(store, request),
        "CreateMultipartUpload" => begin(store, request),
        "UploadPart" => part(store, request),
        "CompleteMultipartUpload" => complete(store, request),
        "AbortMultipartUpload" => {
            store.uploads.remove(request.query("uploadId"));
            reply(204, "")
        }
        _ => in_bucket(store, operation, request),
    }
}

fn in_bucket(store: &mut Store, operation: &str, request: &Request<'_>) -> Reply {
    let next = &mut store.next;
    let Some(bucket) = store.buckets.get_mut(request.bucket) else {
        return error(404, "NoSuchBucket");
    };
    match operation {
        "HeadBucket" => with(reply(200, ""), "x-amz-bucket-region", Some("eu-west-1")),
        "GetBucketLocation" => xml(200, "<LocationConstraint>eu-west-1</LocationConstraint>"),
        "GetBucketVersioning" => {
            let status = if bucket.versioned { "<Status>Enabled</Status>" } else { "" };
            xml(200, &format!("<VersioningConfiguration>{status}</VersioningConfiguration>"))
        }
        "PutBucketVersioning" => {
            bucket.versioned = request.text().contains("<Status>Enabled</Status>");
            reply(200, "")
        }
        "ListObjectsV2" | "ListObjects" => list(bucket, request),
        "DeleteObjects" => {
            for object in elements(&request.text(), "Object") {
                bucket.delete(&element(object, "Key").unwrap_or_default(), next);
            }
            xml(200, "<DeleteResult></DeleteResult>")
        }
        "PutObject" => {
            if let Some(refused) = refused(request, bucket.objects.get(request.key)) {
                return refused;
            }
            let received = &request.received;
            let object = Object {
                body: received.body.clone(),
                size: received.size,
                etag: hex(&received.md5),
                at: now(),
                headers: kept(request.headers),
                sha256: received.sha256.clone(),
                ..Object::default()
            };
            let (etag, id) = bucket.put(request.key, object, next);
            let quoted = format!("\"{etag}\"");
            with(with(reply(200, ""), "etag", Some(&quoted)), "x-amz-version-id", id.as_deref())
        }
        "DeleteObject" => {
            bucket.delete(request.key, next);
            reply(204, "")
        }
        "HeadObject" | "GetObject" => read(bucket, request, operation == "HeadObject"),
        _ => error(501, "NotImplemented"),
    }
}

fn buckets(store: &Store) -> Reply {
    let row = |name: &String| format!("<Bucket><Name>{name}</Name></Bucket>");
    let rows = store.buckets.keys().map(row).collect::<Vec<_>>().concat();
    xml(200, &format!("<ListAllMyBucketsResult><Buckets>{rows}</Buckets></ListAllMyBucketsResult>"))
}

fn list(bucket: &Bucket, request: &Request<'_>) -> Reply {
    let prefix = request.query("prefix");
    let most = request.query("max-keys").parse().unwrap_or(PAGE).min(PAGE);
    let after = request.query("continuation-token").max(request.query("start-after"));
    let after = after.max(request.query("marker"));
    let encode = |key: &str| match request.query("encoding-type") {
        "url" => percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC)
            .to_string(),
        _ => escape(key),
    };
    let mut rows = String::new();
    let (mut count, mut last, mut truncated) = (0, "", false);
    for (key, object) in bucket.objects.range(prefix.to_owned()..) {
        if !key.starts_with(prefix) {
            break;
        }
        if key.as_str() <= after {
            continue;
        }
        if count == most {
            truncated = true;
            break;
        }
        (count, last) = (count + 1, key);
        rows.push_str(&format_row(&encode(key), object));
    }
    let token = if truncated {
        let next = escape(last);
        format!(
            "<NextContinuationToken>{next}</NextContinuationToken><NextMarker>{next}</NextMarker>"
        )
    } else {
        String::new()
    };
    xml(
        200,
        &format!(
            "<ListBucketResult><Prefix>{}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>{truncated}</IsTruncated>{token}{rows}</ListBucketResult>",
            escape(prefix)
        ),
    )
}

fn format_row(key: &str, object: &Object) -> String {
    format!(
        "<Contents><Key>{key}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
        iso(object.at),
        object.etag,
        object.size
    )
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| {
            KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-")
        })
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .filter(|(name, value)| name != "content-encoding" || value != "aws-chunked")
        .collect()
}

fn names(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(|one| one.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|one| one == "*" || one == etag)
}

/// What a write's conditions make of the object that it would replace.
fn refused(request: &Request<'_>, object: Option<&Object>) -> Option<Reply> {
    match (request.header("if-none-match"), request.header("if-match"), object) {
        (Some("*"), _, None) | (None, None, _) => None,
        (Some("*"), _, Some(_)) => Some(error(412, "PreconditionFailed")),
        (Some(_), ..) => Some(error(501, "NotImplemented")),
        (None, Some(_), None) => Some(error(404, "NoSuchKey")),
        (None, Some(list), Some(object)) => {
            (!names(list, &object.etag)).then(|| error(412, "PreconditionFailed"))
        }
    }
}

fn read(bucket: &Bucket, request: &Request<'_>, head: bool) -> Reply {
    let version = request.query.get("versionId").map(String::as_str);
    let found = bucket.get(request.key, version);
    let Some(object) = found.filter(|object| !object.marker) else {
        let code = if version.is_some() { "NoSuchVersion" } else { "NoSuchKey" };
        return if head { reply(404, "") } else { error(404, code) };
    };
    let etag = format!("\"{}\"", object.etag);
    if request.header("if-none-match").is_some_and(|list| names(list, &object.etag)) {
        return with(reply(304, ""), "etag", Some(&etag));
    }
    if request.header("if-match").is_some_and(|list| !names(list, &object.etag)) {
        return error(412, "PreconditionFailed");
    }
    let body = if head { axum::body::Bytes::new() } else { object.body.clone() };
    let mut answer = with(reply(200, body), "etag", Some(&etag));
    answer = with(answer, "last-modified", Some(&http_date(object.at)));
    if head {
        answer = with(answer, "content-length", Some(&object.size.to_string()));
    }
    for (name, value) in &object.headers {
        answer = with(answer, name, Some(value));
    }
    if request.header("x-amz-checksum-mode").is_some() {
        answer = with(answer, "x-amz-checksum-sha256", object.sha256.as_deref());
    }
    let kms = bucket.kms.then_some("aws:kms");
    answer = with(answer, "x-amz-server-side-encryption", kms);
    let id = bucket.versioned.then(|| version_id(object.version));
    with(answer, "x-amz-version-id", id.as_deref())
}

fn copy(store: &mut Store, request: &Request<'_>) -> Reply {
    let source = request.header("x-amz-copy-source").unwrap_or_default();
    let (from, version) = match source.split_once("?versionId=") {
        Some((from, version)) => (from, Some(version)),
        None => (source, None),
    };
    let from = percent_decode_str(from).decode_utf8_lossy().into_owned();
    let (bucket, key) = from.trim_start_matches('/').split_once('/').unwrap_or_default();
    let found = store.buckets.get(bucket).and_then(|bucket| bucket.get(key, version));
    let Some(mut object) = found.filter(|object| !object.marker).cloned() else {
        return error(404, if version.is_some() { "NoSuchVersion" } else { "NoSuchKey" });
    };
    let condition = request.header("x-amz-copy-source-if-match");
    if condition.is_some_and(|list| !names(list, &object.etag)) {
        return error(412, "PreconditionFailed");
    }
    if request.header("x-amz-metadata-directive") == Some("REPLACE") {
        object.headers = kept(request.headers);
    }
    (object.at, object.version) = (now(), 0);
    let next = &mut store.next;
    let Some(to) = store.buckets.get_mut(request.bucket) else { return error(404, "NoSuchBucket") };
    let (etag, id) = to.put(request.key, object, next);
    let body = format!(
        "<CopyObjectResult><LastModified>{}</LastModified><ETag>&quot;{etag}&quot;</ETag></CopyObjectResult>",
        iso(now())
    );
    with(xml(200, &body), "x-amz-version-id", id.as_deref())
}

fn begin(store: &mut Store, request: &Request<'_>) -> Reply {
    store.next += 1;
    let id = format!("u{}", store.next);
    let upload = Upload { headers: kept(request.headers), ..Upload::default() };
    store.uploads.insert(id.clone(), upload);
    xml(
        200,
        &format!(
            "<InitiateMultipartUploadResult><Key>{}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>",
            escape(request.key)
        ),
    )
}

fn part(store: &mut Store, request: &Request<'_>) -> Reply {
    let Some(upload) = store.uploads.get_mut(request.query("uploadId")) else {
        return error(404, "NoSuchUpload");
    };
    let received = &request.received;
    let number = request.query("partNumber").parse().unwrap_or(1);
    let part = Part { body: received.body.clone(), size: received.size, md5: received.md5 };
    upload.parts.insert(number, part);
    with(reply(200, ""), "etag", Some(&format!("\"{}\"", hex(&received.md5))))
}

fn complete(store: &mut Store, request: &Request<'_>) -> Reply {
    use md5::Digest as _;
    let Some(upload) = store.uploads.remove(request.query("uploadId")) else {
        return error(404, "NoSuchUpload");
    };
    let told: Vec<String> =
        elements(&request.text(), "ETag").iter().map(|etag| unescape(etag)).collect();
    let sums: Vec<String> =
        upload.parts.values().map(|part| format!("\"{}\"", hex(&part.md5))).collect();
    if told != sums {
        return error(400, "InvalidPart");
    }
    let mut all = md5::Md5::new();
    let mut object = Object { at: now(), headers: upload.headers, ..Object::default() };
    let whole = upload.parts.values().all(|part| part.body.len() as u64 == part.size);
    let mut body = Vec::new();
    for part in upload.parts.values() {
        all.update(part.md5);
        object.size += part.size;
        if whole {
            body.extend_from_slice(&part.body);
        }
    }
    object.body = body.into();
    object.etag = format!("{}-{}", hex(&all.finalize()), upload.parts.len());
    let next = &mut store.next;
    let Some(to) = store.buckets.get_mut(request.bucket) else { return error(404, "NoSuchBucket") };
    let (etag, id) = to.put(request.key, object, next);
    let answer = format!(
        "<CompleteMultipartUploadResult><Key>{}</Key><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>",
        escape(request.key)
    );
    with(xml(200, &answer), "x-amz-version-id", id.as_deref())
}
