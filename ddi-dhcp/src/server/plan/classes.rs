//! Which classes a client is in, by look-ups.

use crate::server::config::ClassTest;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a test looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    VendorClass = 0,
    UserClass = 1,
    HwAddr = 2,
    CircuitId = 3,
    RemoteId = 4,
    /// An enterprise number, big-endian, and a class.
    EnterpriseClass = 5,
    /// An enterprise number.
    EnterpriseOptions = 6,
}

/// How many fields there are.
const FIELDS: usize = 7;

/// Tests by what they compare with.
#[derive(Debug, Default)]
pub(crate) struct ClassIndex {
    /// Keys: field, 1 if a prefix, bytes.
    classes: BTreeMap<Vec<u8>, Vec<u32>>,
    exact: [bool; FIELDS],
    /// Distinct lengths of prefixes to look up, for each field.
    prefix_lens: [Vec<usize>; FIELDS],
}

impl ClassIndex {
    pub(crate) fn add(&mut self, class: u32, test: &ClassTest) {
        let (field, prefix, bytes) = match test {
            ClassTest::VendorClass(bytes) => (Field::VendorClass, false, Cow::from(bytes)),
            ClassTest::VendorClassPrefix(bytes) => (Field::VendorClass, true, bytes.into()),
            ClassTest::UserClass(bytes) => (Field::UserClass, false, bytes.into()),
            ClassTest::HwAddrPrefix(bytes) => (Field::HwAddr, true, bytes.into()),
            ClassTest::CircuitId(bytes) => (Field::CircuitId, false, bytes.into()),
            ClassTest::RemoteId(bytes) => (Field::RemoteId, false, bytes.into()),
            ClassTest::EnterpriseClass { enterprise, class } => {
                let bytes = [&enterprise.to_be_bytes()[..], class].concat();
                (Field::EnterpriseClass, class.is_empty(), bytes.into())
            }
            ClassTest::EnterpriseOptions { enterprise } => {
                (Field::EnterpriseOptions, false, enterprise.to_be_bytes().to_vec().into())
            }
        };
        let mut key = vec![field as u8, u8::from(prefix)];
        key.extend_from_slice(&bytes);
        self.classes.entry(key).or_default().push(class);
        if prefix {
            let lens = &mut self.prefix_lens[field as usize];
            if !lens.contains(&bytes.len()) {
                lens.push(bytes.len());
            }
        } else {
            self.exact[field as usize] = true;
        }
    }

    /// True if some test looks at this field.
    pub(crate) fn looks_at(&self, field: Field) -> bool {
        self.exact[field as usize] || !self.prefix_lens[field as usize].is_empty()
    }

    /// Adds the classes that a client with this value is in. `key` is scratch.
    pub(crate) fn find(&self, field: Field, value: &[u8], key: &mut Vec<u8>, found: &mut Vec<u32>) {
        if self.exact[field as usize] {
            self.find_one(field, false, value, key, found);
        }
        for &len in &self.prefix_lens[field as usize] {
            if let Some(prefix) = value.get(..len) {
                self.find_one(field, true, prefix, key, found);
            }
        }
    }

    fn find_one(&self, field: Field, prefix: bool, bytes: &[u8], key: &mut Vec<u8>, found: &mut Vec<u32>) {
        key.clear();
        key.extend_from_slice(&[field as u8, u8::from(prefix)]);
        key.extend_from_slice(bytes);
        for &class in self.classes.get(key).into_iter().flatten() {
            if !found.contains(&class) {
                found.push(class);
            }
        }
    }
}
