//! Written by `tests/layout.rs` from the header.

super::layouts! {
    now::ddi_now {
        instant_ms, unix_s
    }
    addr::ddi_addr {
        family, pad, port, scope, bytes
    }
    log::ddi_log {
        struct_size, pad, userdata, line, release
    }
    lease_key::ddi_ipv4 {
        bytes
    }
    lease_key::ddi_lease_key {
        space, family, prefix_len, pad, bytes
    }
    lease_key::ddi_hw_addr {
        htype, len, bytes, pad
    }
    lease_key::ddi_identity {
        kind, number, bytes, bytes_len
    }
    lease::ddi_lease {
        struct_size, subnet_id, key, version, start_time_of_state, client_last_transaction_time, expiration_time, preferred_time, potential_sent, potential_acked, potential_received, hw_addr, iaid, partner, is_partners, state, rewind_state, reserved, bootp, ddns_forward, ddns_reverse, ddns_by_client, pad, client_id, client_id_len, duid, duid_len, hostname, hostname_len, fqdn, fqdn_len, relay_agent_info, relay_agent_info_len, user, user_len
    }
    lease_db::ddi_lease_db_opened {
        struct_size, damaged_snapshots, leases, snapshot_lsn, last_lsn, replayed, cut_bytes, lost
    }
    lease_feed::ddi_lease_change {
        struct_size, kind, lsn, key
    }
    lease_pool::ddi_ipv4_range {
        first, last
    }
    lease_pool::ddi_pool {
        struct_size, id, space, subnet_id, range, excluded, excluded_len, reserved, reserved_len
    }
    lease_pool::ddi_pool_counts {
        struct_size, pad, total, free, never_leased, backup, active, abandoned, ending, held
    }
    lease_compact::ddi_lease_db_salvaged {
        struct_size, damaged_snapshots, leases, lost, damaged_places
    }
    lease_file::ddi_lease_file_counts {
        struct_size, pad, leases, removed, other, skipped
    }
    lease_store::ddi_lease_store {
        struct_size, pad, userdata, release, get, find, put, remove, durable, next_free, hold, release_hold, pool_of, expired, next_expiration, scan_v4, pool_counts
    }
    failover_event::ddi_failover_event {
        struct_size, kind, relationship, flag, link, number, key, state, old_state
    }
    failover_status::ddi_failover_status {
        struct_size, role, state, partner_state, since, partner_since, link, is_linked, is_rich, pad, mclt_seconds, unacked, waiting, to_ack, free, backup, events_lost
    }
    dhcp4_packet::ddi_dhcp4_header {
        struct_size, xid, secs, flags, op, hops, message_type, cookie, hw_type, hw_len, reserved, hw_addr, ciaddr, yiaddr, siaddr, giaddr, sname, file
    }
    dhcp_event::ddi_dhcp_event {
        struct_size, kind, key, version, count, flag, why, subnet_id, interface, address, port, pad
    }
    dhcp_server::ddi_dhcp_transmit {
        struct_size, kind, interface, from, to, port, pad, hw_addr
    }
    dns_name::ddi_name {
        len, wire
    }
    answer_config::ddi_asker {
        struct_size, transport, client, reserve, pad
    }
    answer_config::ddi_answered {
        struct_size, rcode, truncated, pad, cookie
    }
    ddns_change::ddi_ddns_change {
        struct_size, kind, address, ttl, dhcid, pad, name
    }
    zone_set::ddi_zone_set_opened {
        struct_size, damaged_files, zones, replayed, cut_bytes
    }
    dns_transmit::ddi_dns_transmit {
        struct_size, transport, to, link
    }
    secondary::ddi_secondary_event {
        struct_size, kind, primary, serial, pad
    }
    notifier::ddi_notify_event {
        struct_size, kind, target, rcode, pad, zone
    }
    updates::ddi_updates_event {
        struct_size, kind, from, link, lsn, serial, pad, apex, key
    }
    update_forwarder::ddi_forward_event {
        struct_size, kind, from, link, rcode, pad, apex
    }
    ddns_client::ddi_ddns_event {
        struct_size, outcome, job
    }
}
