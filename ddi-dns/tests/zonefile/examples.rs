//! A zone with a record of every type that has a form of its own.

pub(crate) const ZONE: &str = r#"
$TTL 1h
@ SOA ns.example.com. hostmaster 1 2h 3m 4w 5
@ NS ns
ns A 192.0.2.53
ns AAAA 2001:db8::53
alias CNAME ns
d DNAME elsewhere.example.
md MD ns
mf MF ns
mb MB ns
mg MG ns
mr MR ns
ptr PTR host.example.org.
mi MINFO a b.example.org.
rp RP a.b txt
@ MX 10 mail
afs AFSDB 1 ns
rt RT 2 ns
kx KX 3 ns
lp LP 4 ns
px PX 5 a b
_s._tcp SRV 1 2 3 ns
n NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .
txt TXT "a b" "" "q\"\\\200\010" plain
spf SPF "v=spf1 -all"
isdn ISDN "150862028003217" "004"
x25 X25 "311061700956"
h HINFO "CPU" "OS"
g GPOS "-32.6882" "116.8652" "10.0"
u URI 10 1 "ftp://ftp1.example.com/public"
c CAA 128 issue "ca.example.net; account=1"
cert CERT PKIX 1 RSASHA256 AQIDBA==
key KEY 256 3 8 AQIDBAU=
dnskey DNSKEY 257 3 ECDSAP256SHA256 AQIDBAUG
cdnskey CDNSKEY 0 3 0 AA==
ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
cds CDS 0 0 0 00
ta TA 1 2 3 0405
dlv DLV 1 2 3 0405
@ RRSIG SOA 8 2 3600 20300102030405 20200102030405 12345 @ AQIDBAUGBwg=
sig SIG A 8 2 3600 20300102030405 20200102030405 12345 @ AQIDBAUGBwg=
nsec NSEC a.nsec A NS SOA TXT RRSIG NSEC CAA TYPE1234 TYPE65280
nxt NXT a.nxt A MX SIG NXT
2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S MX DNSKEY NS SOA NSEC3PARAM RRSIG
@ NSEC3PARAM 1 0 12 AABBCCDD
n3 NSEC3PARAM 1 0 0 -
sync CSYNC 66 3 A NS AAAA
zonemd ZONEMD 2018031900 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE
ssh SSHFP 4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF67890AB12
_443._tcp TLSA 3 1 1 0102030405060708090A
sm SMIMEA 3 1 1 0102030405060708090A
dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
pgp OPENPGPKEY AQIDBAUGBwgJ
ip0 IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
ip1 IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
ip2 IPSECKEY 10 2 2 2001:db8::1 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
ip3 IPSECKEY 10 3 2 gw.example.com. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
hip HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI rvs.example.com. rvs2
wks WKS 192.0.2.1 tcp smtp 80
loc LOC 42 21 54.123 N 71 6 18 W -24.05m 30m 10m 2m
loc2 LOC 0 S 0 E 0
apl APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8
apl0 APL
e48 EUI48 00-00-5e-00-53-2a
e64 EUI64 00-00-5e-ef-10-00-00-2a
nid NID 10 0014:4fff:ff20:ee64
l64 L64 10 2001:0DB8:1140:1000
l32 L32 10 10.1.2.0
nsap NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
nsapp NSAP-PTR ns
eid EID 0102
nim NIMLOC 0102
talink TALINK a b
ninfo NINFO "x"
rkey RKEY 0 0 1 AQID
avc AVC "app-name:x"
svcb SVCB 1 ns mandatory=alpn,ipv4hint alpn="h2,h\\,3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 dohpath="/q{?dns}" ech=AQID key667="a\200b"
https HTTPS 0 svc.example.net.
https2 HTTPS 1 . no-default-alpn alpn=h3
dsync DSYNC CDS NOTIFY 53 ns
res RESINFO qnamemin exterr=15
wallet WALLET "ETH" "x"
ali ALIAS ns
del DELEG server-ipv4=192.0.2.1 server-name=ns,a\,b.example.
delp DELEGPARAM include-delegparam=c.example.
null TYPE10 \# 3 010203
none TYPE65281 \# 0
none2 TYPE65282 \# 4 01020304
"#;
