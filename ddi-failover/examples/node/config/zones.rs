//! From `[dns]`, `[[zone]]` and `[[tsig_key]]` to what the name server is given.

use super::File;
use super::dns::{HistoryOf, SerialPolicy, TsigKey, Zone, ZoneRole, name};
use super::grants::grants;
use super::place::{At, Fault};
use ddi_dns::Name;
use ddi_dns::acl::{Access, AccessList, Rule};
use ddi_dns::delta::HistoryLimits;
use ddi_dns::tsig::{Key, Keys};
use ddi_dns::update::Grant;
use ddi_dns::zone;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the name server is given.
#[derive(Clone)]
pub struct DnsPlan {
    pub listen: Vec<SocketAddr>,
    pub nsid: Vec<u8>,
    /// In bytes.
    pub udp_payload_max: u16,
    pub minimal_responses: bool,
    pub keys: Keys,
    pub zones: Vec<ZonePlan>,
}

/// A zone.
#[derive(Clone)]
pub struct ZonePlan {
    pub apex: Name,
    pub file: Option<PathBuf>,
    /// There may be thousands of zones, most of them alike.
    settings: Arc<Settings>,
}

/// What several zones may have in common: above all, who may do what with them.
pub struct Settings {
    pub role: ZoneRole,
    pub primaries: Vec<SocketAddr>,
    pub primaries_key: Option<Key>,
    pub notify: Vec<SocketAddr>,
    pub notify_key: Option<Key>,
    pub access: Access,
    /// If there are any, they say who may update, instead of `access`.
    pub grants: Vec<Grant>,
    pub policy: zone::SerialPolicy,
    pub ixfr_tolerant: bool,
    pub condense: bool,
    pub history: HistoryLimits,
}

impl Deref for ZonePlan {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

/// The zones of one subnet's names.
#[derive(Clone, PartialEq, Eq)]
pub struct DdnsPlan {
    pub subnet_id: u32,
    pub forward: Name,
    pub reverse: Name,
}

/// The longest answer over UDP that is never in pieces on any usual network.
const UDP_PAYLOAD_DEFAULT: u16 = 1232;

/// `None` if there is no `[dns]`. Files are relative to `folder`.
pub fn plan(file: &File, folder: &Path) -> Result<Option<DnsPlan>, Fault> {
    let Some(dns) = &file.dns else {
        return match (file.zone.first(), file.tsig_key.first()) {
            (Some(zone), _) => Err(Fault::new(&zone.name, "a zone needs [dns]")),
            (None, Some(key)) => Err(Fault::new(&key.name, "a key needs [dns]")),
            (None, None) => Ok(None),
        };
    };
    if let Some(size) = &dns.udp_payload_max
        && !(512..=4096).contains(size.get_ref())
    {
        return Err(Fault::new(size, "from 512 to 4096 bytes"));
    }
    if dns.listen.get_ref().0.is_empty() {
        return Err(Fault::new(&dns.listen, "at least one address"));
    }
    let mut keys = Keys::default();
    for key in &file.tsig_key {
        keys.add(tsig_key(key)?).map_err(|e| Fault::new(&key.name, e.to_string()))?;
    }
    let mut zones = Vec::with_capacity(file.zone.len());
    let (mut apexes, mut alike) = (HashSet::new(), HashMap::new());
    for zone in &file.zone {
        let apex = name(&zone.name)?;
        let settings = match alike.entry(zone.alike()) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(settings(zone, &keys)?))),
        };
        if zone.role == ZoneRole::Primary && zone.file.is_none() {
            return Err(Fault::new(&zone.name, "a primary needs a file for its first start"));
        }
        if !apexes.insert(apex.clone()) {
            return Err(Fault::new(&zone.name, "the zone is there twice"));
        }
        zones.push(ZonePlan { apex, file: zone.file.as_ref().map(|file| folder.join(file)), settings });
    }
    Ok(Some(DnsPlan {
        listen: dns.listen.get_ref().0.clone(),
        nsid: dns.nsid.clone().unwrap_or_default().into_bytes(),
        udp_payload_max: dns.udp_payload_max.as_ref().map_or(UDP_PAYLOAD_DEFAULT, |size| *size.get_ref()),
        minimal_responses: dns.minimal_responses,
        keys,
        zones,
    }))
}

/// The subnets whose clients get names.
pub fn ddns(file: &File, server: &ddi_dhcp::server::Config) -> Result<Vec<DdnsPlan>, Fault> {
    let subnets = file.dhcp4.iter().flat_map(|dhcp4| &dhcp4.subnet).zip(&server.subnets);
    let named = subnets.filter_map(|(subnet, built)| Some((built.id, subnet.ddns.as_ref()?)));
    let zones: HashSet<Name> = file.zone.iter().filter_map(|zone| name(&zone.name).ok()).collect();
    let zone = |at: &At<String>| {
        let missing = || Fault::new(at, format!("there is no zone {:?}", at.get_ref()));
        name(at).and_then(|name| zones.get(&name).cloned().ok_or_else(missing))
    };
    named
        .map(|(subnet_id, ddns)| {
            Ok(DdnsPlan { subnet_id, forward: zone(&ddns.forward)?, reverse: zone(&ddns.reverse)? })
        })
        .collect()
}

fn tsig_key(key: &TsigKey) -> Result<Key, Fault> {
    let algorithm = key.algorithm.get_ref().parse().map_err(|_| {
        Fault::new(&key.algorithm, format!("there is no TSIG algorithm {:?}", key.algorithm.get_ref()))
    })?;
    Key::new(name(&key.name)?.as_ref(), algorithm, &key.secret.0)
        .map_err(|e| Fault::new(&key.name, e.to_string()))
}

fn settings(zone: &Zone, keys: &Keys) -> Result<Settings, Fault> {
    match zone.role {
        ZoneRole::Secondary if zone.primaries.is_empty() => {
            return Err(Fault::new(&zone.name, "a secondary needs primaries"));
        }
        ZoneRole::Primary if !zone.primaries.is_empty() => {
            return Err(Fault::new(&zone.name, "a primary has no primaries"));
        }
        ZoneRole::Secondary if !zone.update_policy.is_empty() => {
            return Err(Fault::new(&zone.name, "a secondary hands updates on: allow_update says whose"));
        }
        ZoneRole::Primary if !zone.update_policy.is_empty() && !zone.allow_update.is_empty() => {
            return Err(Fault::new(&zone.name, "allow_update or update_policy, not both"));
        }
        _ => {}
    }
    let key = |named: &Option<At<String>>| named.as_ref().map(|named| find(named, keys)).transpose();
    // Who is followed may say that there is news.
    let primaries = zone.primaries.iter().map(|primary| Rule::prefix(primary.ip().into()));
    let access = Access {
        transfer: access_list(&zone.allow_transfer, keys)?,
        update: access_list(&zone.allow_update, keys)?,
        notify: primaries.collect(),
        ..Access::default()
    };
    Ok(Settings {
        role: zone.role,
        primaries: zone.primaries.clone(),
        primaries_key: key(&zone.primaries_key)?,
        notify: zone.notify.clone(),
        notify_key: key(&zone.notify_key)?,
        access,
        grants: grants(&zone.update_policy, keys)?,
        policy: serial_policy(zone)?,
        ixfr_tolerant: zone.ixfr_tolerant,
        condense: zone.condense,
        history: history(&zone.history),
    })
}

fn serial_policy(zone: &Zone) -> Result<zone::SerialPolicy, Fault> {
    Ok(match zone.serial_policy {
        SerialPolicy::Increment => zone::SerialPolicy::Increment,
        SerialPolicy::Unix => zone::SerialPolicy::UnixTime,
        SerialPolicy::Date => zone::SerialPolicy::Date,
        SerialPolicy::Modulo([slot, of]) if slot < of => zone::SerialPolicy::Modulo { slot, of },
        SerialPolicy::Modulo(_) => {
            return Err(Fault::new(&zone.name, "modulo = [R, M]: R is less than M"));
        }
    })
}

fn history(of: &HistoryOf) -> HistoryLimits {
    let usual = HistoryLimits::default();
    HistoryLimits {
        deltas: of.deltas.unwrap_or(usual.deltas),
        bytes: of.mib.map_or(usual.bytes, |mib| usize::from(mib) << 20),
        percent_of_zone: of.percent_of_zone.unwrap_or(usual.percent_of_zone),
    }
}

fn find(named: &At<String>, keys: &Keys) -> Result<Key, Fault> {
    let missing = || Fault::new(named, format!("there is no key {:?}", named.get_ref()));
    keys.get(name(named)?.as_ref()).cloned().ok_or_else(missing)
}

/// Rules, whose keys must be there.
fn access_list(rules: &[At<String>], keys: &Keys) -> Result<AccessList, Fault> {
    let parse = |at: &At<String>| rule(at.get_ref(), keys).map_err(|what| Fault::new(at, what));
    rules.iter().map(parse).collect()
}

/// A rule, whose key must be there.
pub fn rule(text: &str, keys: &Keys) -> Result<Rule, String> {
    let words = text.trim_start_matches('!').split_ascii_whitespace();
    for key in words.filter_map(|word| word.strip_prefix("key:")) {
        let known = key.parse::<Name>().is_ok_and(|key| keys.get(key.as_ref()).is_some());
        if !known {
            return Err(format!("there is no key {key:?}"));
        }
    }
    text.parse().map_err(|e: ddi_dns::acl::RuleError| e.to_string())
}
