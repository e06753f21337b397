//! Milvus's version, as the image tag tells it.

/// A Milvus version: the numeric triple of the image tag, so that `v2.4.13-hotfix` is 2.4.13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// `2` in 2.6.15
    pub major: u64,
    /// `6`
    pub minor: u64,
    /// `15`
    pub patch: u64,
}

impl Version {
    /// The version in an image reference such as `registry:5000/milvusdb/milvus:v2.6.15@sha256:…`;
    /// `None` for `latest`, a digest alone, or a tag of another form.
    #[must_use]
    pub fn of_image(image: &str) -> Option<Self> {
        let image = image.split_once('@').map_or(image, |(name, _digest)| name);
        // A colon in the registry's host is followed by a slash.
        let (_, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
        let mut numbers = tag.strip_prefix('v').unwrap_or(tag).splitn(3, '.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let rest = numbers.next()?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        // There is no older Milvus with TLS: a lower number counts somebody's own builds.
        Some(Self { major, minor, patch: rest[..digits].parse().ok()? }).filter(|version| version.major >= 2)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (image, expected) in [
            ("milvusdb/milvus:v2.6.15", Some((2, 6, 15))),
            ("milvusdb/milvus:2.4.13-hotfix", Some((2, 4, 13))),
            ("host:5000/milvusdb/milvus:v2.4.12@sha256:ab", Some((2, 4, 12))),
            ("milvusdb/milvus:2.4-20240911-abc-gpu", None),
            ("registry.example.com/milvus:1.4.2", None),
            ("milvusdb/milvus:latest", None),
            ("host:5000/milvusdb/milvus", None),
            ("milvusdb/milvus@sha256:abcd", None),
        ] {
            let version = Version::of_image(image).map(|v| (v.major, v.minor, v.patch));
            assert_eq!(version, expected, "{image}");
        }
    }
}
