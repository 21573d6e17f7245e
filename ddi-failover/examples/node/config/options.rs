//! DHCPv4 options, by name or number, from the file's values to bytes.

use super::Options;
use super::place::{At, Fault};
use super::values::bytes;
use ddi_dhcp::v4::OptionSet;
use ddi_dhcp::v4::option::{OptionInfo, Value};

/// The bytes of every option. `hex:` stands for bytes whatever the option's shape is.
pub fn encode(options: &Options) -> Result<OptionSet, Fault> {
    let mut all = OptionSet::new();
    for (key, value) in options {
        let name = key.get_ref();
        let info = OptionInfo::named(name).ok_or_else(|| {
            Fault::new(key, format!("there is no option {name:?}; a number from 1 to 254 will do"))
        })?;
        if all.contains(info.code) {
            return Err(Fault::new(key, format!("option {} is given twice", info.code)));
        }
        let encoded =
            encode_one(info, value.get_ref()).map_err(|what| Fault::new(value, format!("{name}: {what}")))?;
        all.put(info.code, &encoded);
    }
    Ok(all)
}

/// Where option `code` is written.
pub fn key_of(options: &Options, code: u8) -> Option<&At<String>> {
    options.keys().find(|key| OptionInfo::named(key.get_ref()).is_some_and(|info| info.code == code))
}

fn encode_one(info: OptionInfo, value: &toml::Value) -> Result<Vec<u8>, String> {
    let items: Vec<String> = match value {
        toml::Value::String(text) if text.starts_with("hex:") => return bytes(text),
        toml::Value::Array(values) => values.iter().map(item).collect::<Result<_, _>>()?,
        value => vec![item(value)?],
    };
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let mut encoded = Vec::new();
    Value::from_text(info.shape, &items).map_err(|e| e.to_string())?.emit(&mut encoded);
    Ok(encoded)
}

fn item(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        other => Err(format!("{} is no value for an option", other.type_str())),
    }
}
