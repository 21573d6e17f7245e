use ddi_core::UnixTime;
use ddi_dns::Name;
use ddi_dns::tsig::{Algorithm, Key, Keys};

const SECRET: &[u8] = b"a secret of thirty-two bytes, ok!";
/// When the seeds were signed.
const NOW: UnixTime = UnixTime(1_795_371_298);

/// Checks any bytes as a request and as an answer. What is accepted as a request can be answered; what is
/// refused can be answered too, but for answers and for what has no header.
pub fn tsig(data: &[u8]) {
    let mut keys = Keys::new();
    for algorithm in Algorithm::ALL {
        let name: Name = algorithm.to_string().replace("hmac", "k").parse().expect("a name");
        let key = Key::new(name.as_ref(), algorithm, SECRET).expect("a key");
        let mut query = [0; 512];
        let (_, mut verifier) = key.sign_request(&mut query, 12, NOW).expect("room");
        let _ = verifier.check(data, NOW);
        keys.add(key).expect("a new name");
    }
    let mut buf = vec![0; 65_535];
    match keys.check(data, NOW) {
        Ok(Some(mut signer)) => {
            let answer = [data[0], data[1], 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            buf[..12].copy_from_slice(&answer);
            assert!(signer.sign(&mut buf, 12, NOW).is_ok());
        }
        Ok(None) => {}
        Err(rejection) => {
            let answered = rejection.reply(data, NOW, &mut buf).is_some();
            assert_eq!(answered, data.len() >= 12 && data[2] & 0x80 == 0);
        }
    }
}
