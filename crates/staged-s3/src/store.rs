//! Buckets, objects and their versions.

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;

/// What S3 keeps beside an object's bytes and hands to visitors.
pub(crate) const KEPT: [&str; 5] = [
    "content-type",
    "cache-control",
    "content-encoding",
    "content-disposition",
    "content-language",
];

/// One object, or one version of it.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// Empty where the bytes were too many to be kept; `size` is right all the same.
    pub body: Bytes,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Seconds since 1970.
    pub at: i64,
    pub headers: Vec<(String, String)>,
    /// In base64, where the client told one.
    pub sha256: Option<String>,
    pub(crate) version: u64,
    pub(crate) marker: bool,
}

impl Object {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// `objects` holds what is current, so a deleted key is absent; `older` holds the rest of a versioned bucket, oldest first,
/// delete markers among it.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) older: BTreeMap<String, Vec<Object>>,
    pub(crate) versioned: bool,
    /// Encrypted with a key of KMS: an `ETag` says nothing about the bytes.
    pub(crate) kms: bool,
    /// Where it is, if that matters.
    pub(crate) region: Option<String>,
}

/// A multipart upload under way.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) parts: BTreeMap<u32, Part>,
}

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) body: Bytes,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) next: u64,
}

pub(crate) fn version_id(number: u64) -> String {
    if number == 0 { "null".to_owned() } else { format!("v{number:031}") }
}

impl Bucket {
    /// Gives the object's `ETag` and its version.
    pub(crate) fn put(
        &mut self,
        key: &str,
        mut object: Object,
        next: &mut u64,
    ) -> (String, Option<String>) {
        *next += 1;
        if self.kms {
            let parts = object.etag.split_once('-').map(|(_, count)| format!("-{count}"));
            object.etag = format!("{next:032x}{}", parts.unwrap_or_default());
        }
        let etag = object.etag.clone();
        if !self.versioned {
            self.objects.insert(key.to_owned(), object);
            return (etag, None);
        }
        object.version = *next;
        if let Some(before) = self.objects.insert(key.to_owned(), object) {
            self.older.entry(key.to_owned()).or_default().push(before);
        }
        (etag, Some(version_id(*next)))
    }

    pub(crate) fn get(&self, key: &str, version: Option<&str>) -> Option<&Object> {
        let current = self.objects.get(key);
        let Some(version) = version else { return current };
        let older = self.older.get(key).into_iter().flatten();
        current.into_iter().chain(older).find(|object| version_id(object.version) == version)
    }

    /// Makes `key` absent; a versioned bucket keeps what was there under a delete marker.
    pub(crate) fn delete(&mut self, key: &str, next: &mut u64) {
        let before = self.objects.remove(key);
        if !self.versioned {
            return;
        }
        *next += 1;
        let list = self.older.entry(key.to_owned()).or_default();
        list.extend(before);
        list.push(Object { version: *next, marker: true, ..Object::default() });
    }
}
