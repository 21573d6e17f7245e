//! Any bytes as a name, in wire form and as text: each form leads to the other and back, order and sort keys
//! agree.

use ddi_dns::name::SortKey;
use ddi_dns::{Name, NameRef};

pub fn name(data: &[u8]) {
    let mut names = Vec::new();
    let mut rest = data;
    while let Ok((one, behind)) = NameRef::split(rest) {
        names.push(one.to_name());
        rest = behind;
    }
    names.extend(Name::parse(data, Name::root().as_ref()));
    for name in &names {
        let view = name.as_ref();
        assert!(view.wire().len() <= 255 && view.labels().count() == view.label_count());
        assert_eq!(NameRef::new(view.wire()), Ok(view));
        let text = name.to_string();
        let again: Name = text.parse().unwrap();
        assert_eq!(again.as_ref().wire(), view.wire(), "{text}");
        for count in 0..=view.label_count() {
            assert!(view.is_at_or_below(view.suffix(count).unwrap()));
        }
    }
    for pair in names.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let (key_a, key_b) = (SortKey::of(a.as_ref()), SortKey::of(b.as_ref()));
        assert_eq!(a.cmp(b), key_a.as_bytes().cmp(key_b.as_bytes()), "{a} {b}");
        assert_eq!(a.as_ref().is_at_or_below(b.as_ref()), key_a.as_bytes().starts_with(key_b.as_bytes()));
    }
}
