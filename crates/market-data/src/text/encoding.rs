//! Text that is not UTF-8.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
};

use crate::roles::roles;

/// Encodings that are tried after the one that is guessed.
const TRIED: [&Encoding; 8] =
    [WINDOWS_1252, GBK, EUC_KR, SHIFT_JIS, BIG5, EUC_JP, WINDOWS_1250, WINDOWS_1251];

/// Bytes from which the encoding is guessed: it takes long.
const GUESSED: usize = 16 << 20;

/// Lines at the top that may be the header.
const TOP: usize = 12;

/// The text as UTF-8. The encoding is the one in which the header names bars, or else the one that
/// letters are most frequent in.
///
/// Text that is UTF-8 but for some damage stays as it is: a name or a symbol that is damaged is
/// refused where it is read.
pub(super) fn to_utf8(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if std::str::from_utf8(&text).is_ok() {
        return text;
    }
    let (mut right, mut wrong) = (0, 0);
    for chunk in text.utf8_chunks() {
        right += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    if right > 4 * wrong {
        return text;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&text[..text.len().min(GUESSED)], true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let top = top(&text);
    let all = || [guess].into_iter().chain(TRIED);
    let known = all().find(|encoding| names_bars(&encoding.decode_without_bom_handling(top).0));
    let in_order = known.into_iter().chain(all());
    let mut decoded = in_order
        .filter_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(&text));
    match decoded.next() {
        Some(decoded) => Cow::Owned(decoded.into_owned().into_bytes()),
        None => text,
    }
}

/// The first lines.
fn top(text: &[u8]) -> &[u8] {
    let end = memchr::memchr_iter(b'\n', text).nth(TOP - 1).unwrap_or(text.len());
    &text[..end.min(1 << 16)]
}

/// Tells whether a line of them is a header of bars or trades.
fn names_bars(top: &str) -> bool {
    top.lines().any(|line| {
        [',', ';', '\t', '|'].into_iter().any(|separator| {
            let header: Vec<String> = line.split(separator).map(str::to_owned).collect();
            roles(&header).is_complete()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_their_encoding() {
        for (encoding, header) in [
            (GBK, "日期,开盘,收盘,最高,最低,成交量"),
            (EUC_KR, "날짜,시가,고가,저가,종가,거래량"),
            (SHIFT_JIS, "日付,始値,高値,安値,終値,出来高"),
            (EUC_JP, "日付,始値,高値,安値,終値,出来高"),
            (WINDOWS_1252, "Datum;Eröffnung;Hoch;Tief;Schluss;Stücke"),
        ] {
            let text = format!("{header}\n2024-01-02,1,2,3,4,5\n");
            let (bytes, ..) = encoding.encode(&text);
            let read = to_utf8(Cow::Borrowed(&bytes));
            assert_eq!(std::str::from_utf8(&read), Ok(&*text), "{}", encoding.name());
        }
    }

    #[test]
    fn damaged_utf8_stays_as_it_is() {
        let mut text = "größe,日期,开盘\n".repeat(3).into_bytes();
        assert!(matches!(to_utf8(Cow::Borrowed(&text)), Cow::Borrowed(_)));
        text[3] = 0xff;
        assert_eq!(to_utf8(Cow::Borrowed(&text)), text);
    }
}
