//! The list: what went wrong in name servers, by their advisories and change logs, and where each is tested. A
//! test below sees that the tests are there.
//!
//! Not on it is what ddi-dns does not have: validation, catalog zones, GSS-TSIG, TKEY, transfers over TLS.

use std::path::Path;

/// An item, and its tests as `file::function`, files relative to the crate.
type Item = (&'static str, &'static [&'static str]);

const NAMES: &[Item] = &[
    ("pointer loops, forward pointers", &["tests/message.rs::hostile_names_are_refused"]),
    (
        "pointers to pointers, thousands in a row",
        &[
            "tests/message.rs::a_chain_of_pointers_is_followed_for_a_bounded_number_of_hops",
            "tests/hickory.rs::chains_of_pointers_in_the_data",
        ],
    ),
    (
        "name not bounded by its data's length",
        &["tests/bad_input/names.rs::a_name_that_its_data_does_not_hold"],
    ),
    ("names of 255 and 256 octets", &["tests/bad_input/names.rs::names_of_255_octets_and_of_256"]),
    ("labels of 63 and 64 octets", &["tests/bad_input/names.rs::labels_of_63_octets_and_what_is_no_length"]),
    (
        "label types 0x40 and 0x80",
        &[
            "tests/message.rs::hostile_names_are_refused",
            "tests/bad_input/names.rs::labels_of_63_octets_and_what_is_no_length",
        ],
    ),
    (
        "255-octet names, and apexes of 223 octets and more, with NSEC3",
        &["tests/bad_input/names.rs::long_names_in_zones_with_nsec3"],
    ),
    (
        "quadratic compression",
        &[
            "tests/bad_input/names.rs::many_names_without_anything_in_common",
            "tests/update/rules.rs::the_largest_message_is_done_at_once",
        ],
    ),
];

const COUNTS: &[Item] = &[
    (
        "counts larger than the message",
        &[
            "tests/bad_input/names.rs::counts_larger_than_the_message",
            "tests/message.rs::every_truncation_is_an_error_and_none_panics",
        ],
    ),
    (
        "no question, two questions",
        &["tests/answer/hostile.rs::format_errors", "tests/xfr/send.rs::bad_requests"],
    ),
    ("OPT twice, not at the root, with options cut short", &["tests/answer/hostile.rs::format_errors"]),
    (
        "TSIG not last, two of them, a record behind it",
        &["tests/tsig/rules.rs::a_tsig_elsewhere_than_last_or_twice_is_malformed"],
    ),
    (
        "meta-types as records",
        &[
            "tests/xfr/hostile.rs::types_that_no_zone_has",
            "tests/update/prerequisites.rs::malformed_updates",
            "tests/zonefile.rs::other_classes_and_meta_types_are_refused",
        ],
    ),
    ("meta-types covered by a signature", &["tests/bad_input/rdata.rs::signatures_of_meta_types"]),
];

const RDATA: &[Item] = &[
    (
        "SVCB parameters, APL addresses, HIP, character strings longer than the data",
        &["tests/bad_input/rdata.rs::lengths_that_lie", "src/rr/layout.rs::data_is_checked_by_its_layout"],
    ),
    (
        "HIP, NXT, AMTRELAY and others printed",
        &[
            "tests/bad_input/rdata.rs::lengths_that_are_at_their_limit",
            "tests/bad_input/seeds.rs::data_from_wire",
            "tests/zonefile.rs::every_type_is_written_as_it_was_read",
        ],
    ),
    (
        "SOA too short or too long: in transfers, requests, NOTIFY",
        &[
            "tests/bad_input/rdata.rs::lengths_that_lie",
            "tests/xfr/hostile.rs::data_that_is_not_of_its_type",
            "tests/xfr/send.rs::bad_requests",
            "tests/notify.rs::bad_messages",
        ],
    ),
    ("no data, of any type", &["tests/bad_input/rdata.rs::no_data_at_all"]),
    (
        "data of 65,535 octets",
        &["tests/xfr/send.rs::an_oversize_record_goes_alone_and_a_larger_one_ends_the_transfer"],
    ),
    (
        "TXT above 255, ZONEMD and DNSKEY malformed",
        &[
            "tests/bad_input/rdata.rs::lengths_that_lie",
            "tests/zonefile_conformance.rs::every_case_comes_out_as_it_must",
        ],
    ),
    (
        "data beyond what its type bounds, from a primary",
        &["tests/xfr_conformance.rs::data_beyond_its_bounds"],
    ),
];

const TRANSFERS: &[Item] = &[
    ("early close", &["tests/xfr/hostile.rs::an_early_close_is_a_failure"]),
    (
        "a SOA in the midst, of another name, or other than the first at the end",
        &[
            "tests/xfr/hostile.rs::an_soa_in_the_midst_of_a_zone",
            "tests/xfr/hostile.rs::an_soa_of_another_name",
            "tests/xfr/hostile.rs::a_last_soa_that_is_not_the_first",
            "tests/xfr_conformance.rs::axfr_with_an_soa_inside",
        ],
    ),
    (
        "another class",
        &[
            "tests/xfr/hostile.rs::another_class",
            "tests/xfr_conformance.rs::another_class_fails_the_transfer",
        ],
    ),
    ("records out of the zone", &["tests/xfr/hostile.rs::records_that_are_not_in_the_zone_are_left_out"]),
    (
        "serials that go backwards or come twice",
        &[
            "tests/xfr/hostile.rs::serials_that_go_backwards_or_come_twice",
            "tests/xfr_conformance.rs::serials_twice",
        ],
    ),
    ("endless transfers", &["tests/xfr/hostile.rs::endless_transfers"]),
    (
        "one record larger than a message",
        &["tests/xfr/send.rs::an_oversize_record_goes_alone_and_a_larger_one_ends_the_transfer"],
    ),
    ("empty messages", &["tests/xfr/hostile.rs::empty_messages"]),
    (
        "NOTIFY ahead of the primary's serial",
        &["tests/secondary.rs::notify_ahead_of_the_primary_does_not_make_a_loop"],
    ),
    (
        "names with other programs' signs, exported and loaded again",
        &[
            "tests/bad_input/transfer.rs::names_that_mean_something_elsewhere",
            "tests/bad_input/transfer.rs::an_apex_that_means_something_elsewhere",
        ],
    ),
    (
        "failures retried without a pause",
        &[
            "tests/secondary.rs::without_a_zone_pauses_grow",
            "tests/secondary.rs::an_soa_of_zeros_does_not_make_a_loop",
        ],
    ),
    ("floods of NOTIFY", &["tests/secondary.rs::a_flood_of_notify_is_bounded"]),
    (
        "forged or foreign answers",
        &[
            "tests/xfr/receive.rs::forged_datagrams_are_ignored",
            "tests/xfr/hostile.rs::messages_that_are_no_response",
        ],
    ),
];

const UPDATES: &[Item] = &[
    ("class ANY or NONE in the zone section", &["tests/update/prerequisites.rs::the_zone_section"]),
    ("a SIG record", &["tests/bad_input/update.rs::a_sig_record"]),
    ("NSEC3PARAM of huge iterations", &["tests/bad_input/update.rs::nsec3_parameters_of_huge_iterations"]),
    ("who may do nothing costs nothing", &["tests/update/policy.rs::who_may_change_nothing_learns_nothing"]),
    ("a flood of updates", &["tests/update/machine.rs::queues_are_bounded"]),
    ("huge rrsets", &["tests/update/rules.rs::limits_hold"]),
    (
        "one record added and removed by one message",
        &[
            "tests/update/rules.rs::changes_are_made_in_their_order",
            "tests/update/model.rs::random_updates_do_what_the_pseudocode_does",
        ],
    ),
    ("a SOA that goes backwards", &["tests/update/rules.rs::the_soa_moves_forward_only"]),
];

const TSIG: &[Item] = &[
    (
        "time and fudge, and the order of the checks",
        &[
            "tests/tsig/rules.rs::a_wrong_tag_is_answered_without_one_even_if_the_time_is_wrong_too",
            "tests/tsig/rules.rs::a_wrong_time_is_answered_so_that_the_client_can_check_it",
        ],
    ),
    (
        "another algorithm than the key's, unknown keys",
        &["tests/tsig/rules.rs::an_unknown_key_or_algorithm_is_answered_without_a_tag"],
    ),
    (
        "tags cut short, tags of no length",
        &[
            "tests/tsig/rules.rs::tags_may_be_cut_but_not_shorter_than_the_key_allows",
            "tests/tsig/rules.rs::a_tag_of_an_illegal_length_is_malformed",
        ],
    ),
    (
        "changed, missing and swapped messages",
        &["tests/tsig/stream.rs::changed_dropped_doubled_and_swapped_messages_are_found"],
    ),
];

const QUERIES: &[Item] = &[
    ("CNAME chains and loops, DNAME upon itself", &["tests/answer/search.rs::chains_end"]),
    ("a DNAME that makes too long a name", &["tests/answer/search.rs::a_dname_that_makes_too_long_a_name"]),
    (
        "names of many labels",
        &[
            "tests/xfr_conformance.rs::a_name_of_many_labels",
            "tests/bad_input/names.rs::long_names_in_zones_with_nsec3",
        ],
    ),
    (
        "names that are not there cost the same in any zone",
        &["src/zone/tests/cost.rs::a_name_that_is_not_there_costs_the_same_in_any_zone"],
    ),
    ("NSEC3 iterations", &["tests/answer/signed.rs::too_many_iterations_are_not_computed"]),
    ("ANY", &["tests/answer/search.rs::any_is_small_over_udp_only"]),
];

const PERSISTENCE: &[Item] = &[
    (
        "a tail cut short, bits flipped, a crash anywhere",
        &[
            "tests/crash_journal.rs::nothing_acknowledged_is_lost_wherever_it_stops",
            "tests/corpus.rs::journal_corpus",
        ],
    ),
    ("a file of the journal damaged", &["tests/journal.rs::a_damaged_file_is_passed_over_and_reported"]),
    ("two deltas to one serial", &["tests/bad_input/journal.rs::two_deltas_to_one_serial"]),
    (
        "a loop of serials",
        &["tests/bad_input/journal.rs::a_loop_of_serials", "src/delta/history.rs::a_chain_by_equal_serials"],
    ),
    ("more than fits", &["tests/journal.rs::what_does_not_fit_is_refused_and_changes_nothing"]),
    (
        "serial 0, jumps of 2^31, the wrap",
        &["src/serial.rs::rfc_1982_order", "src/zone/serial.rs::serials_move_by_policy"],
    ),
    (
        "one serial with other content",
        &["tests/xfr_conformance.rs::a_delta_to_another_version_of_the_same_serial_becomes_axfr"],
    ),
];

const ALL: [(&str, &[Item]); 8] = [
    ("names", NAMES),
    ("counts", COUNTS),
    ("data", RDATA),
    ("transfers", TRANSFERS),
    ("updates", UPDATES),
    ("TSIG", TSIG),
    ("queries", QUERIES),
    ("persistence and serials", PERSISTENCE),
];

#[test]
fn every_item_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for (class, items) in ALL {
        assert!(items.len() > 3, "{class}");
        for (item, tests) in items {
            assert!(!tests.is_empty(), "{class}: {item}");
            for test in *tests {
                let (file, function) = test.split_once("::").expect("file::function");
                let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
                let is_test = |at: usize| text[..at].trim_end().ends_with("#[test]");
                let found = text.match_indices(&format!("fn {function}()")).any(|(at, _)| is_test(at));
                if !found {
                    missing.push(format!("{class}: {item}: {test}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
