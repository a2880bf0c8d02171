//! Names of companies, people and things, put together from short lists.
//!
//! Company names are made of syllables and are not meant to be anybody's;
//! e-mail domains end in `.example`, which nobody can own (RFC 2606).

use super::draw::Draw;

/// Kanji and Latin spelling.
type Spelling = (&'static str, &'static str);

const SURNAMES: [Spelling; 40] = [
    ("佐藤", "sato"),
    ("鈴木", "suzuki"),
    ("高橋", "takahashi"),
    ("田中", "tanaka"),
    ("伊藤", "ito"),
    ("渡辺", "watanabe"),
    ("山本", "yamamoto"),
    ("中村", "nakamura"),
    ("小林", "kobayashi"),
    ("加藤", "kato"),
    ("吉田", "yoshida"),
    ("山田", "yamada"),
    ("佐々木", "sasaki"),
    ("山口", "yamaguchi"),
    ("松本", "matsumoto"),
    ("井上", "inoue"),
    ("木村", "kimura"),
    ("林", "hayashi"),
    ("斎藤", "saito"),
    ("清水", "shimizu"),
    ("山崎", "yamazaki"),
    ("森", "mori"),
    ("池田", "ikeda"),
    ("橋本", "hashimoto"),
    ("阿部", "abe"),
    ("石川", "ishikawa"),
    ("山下", "yamashita"),
    ("中島", "nakajima"),
    ("石井", "ishii"),
    ("小川", "ogawa"),
    ("前田", "maeda"),
    ("岡田", "okada"),
    ("長谷川", "hasegawa"),
    ("藤田", "fujita"),
    ("後藤", "goto"),
    ("近藤", "kondo"),
    ("村上", "murakami"),
    ("遠藤", "endo"),
    ("青木", "aoki"),
    ("坂本", "sakamoto"),
];

const GIVEN_NAMES: [Spelling; 32] = [
    ("葵", "aoi"),
    ("蓮", "ren"),
    ("陽菜", "hina"),
    ("翔太", "shota"),
    ("美咲", "misaki"),
    ("健太", "kenta"),
    ("結衣", "yui"),
    ("大輔", "daisuke"),
    ("恵", "megumi"),
    ("直樹", "naoki"),
    ("由美", "yumi"),
    ("誠", "makoto"),
    ("彩", "aya"),
    ("拓也", "takuya"),
    ("真理", "mari"),
    ("浩", "hiroshi"),
    ("香織", "kaori"),
    ("剛", "tsuyoshi"),
    ("智子", "tomoko"),
    ("修", "osamu"),
    ("舞", "mai"),
    ("亮", "ryo"),
    ("千尋", "chihiro"),
    ("学", "manabu"),
    ("奈々", "nana"),
    ("徹", "toru"),
    ("優", "yu"),
    ("和也", "kazuya"),
    ("明美", "akemi"),
    ("隼人", "hayato"),
    ("桃子", "momoko"),
    ("昇", "noboru"),
];

const WESTERN_SURNAMES: [&str; 16] = [
    "Abbot", "Brandt", "Costa", "Dunne", "Eriksen", "Farrow", "Grewal", "Hobbs", "Iyer", "Jansen",
    "Keller", "Lim", "Moreau", "Novak", "Ong", "Pryce",
];
const WESTERN_GIVEN_NAMES: [&str; 16] = [
    "Alex", "Bea", "Chris", "Dana", "Eli", "Fay", "Glen", "Hana", "Ivo", "Jo", "Kim", "Lee", "Mia",
    "Noor", "Omar", "Pat",
];

const FRONTS: [Spelling; 20] = [
    ("霧", "kiri"),
    ("暁", "akatsuki"),
    ("澪", "mio"),
    ("凪", "nagi"),
    ("蒼", "ao"),
    ("琥", "ko"),
    ("雫", "shizuku"),
    ("綾", "aya"),
    ("朔", "saku"),
    ("翠", "midori"),
    ("燈", "akari"),
    ("篝", "kagari"),
    ("梓", "azusa"),
    ("椿", "tsubaki"),
    ("律", "ritsu"),
    ("颯", "hayate"),
    ("雲", "kumo"),
    ("鴇", "toki"),
    ("霜", "shimo"),
    ("萌", "moe"),
];
const BACKS: [Spelling; 16] = [
    ("嶺", "mine"),
    ("瀬", "se"),
    ("塚", "zuka"),
    ("渡", "watari"),
    ("畑", "hata"),
    ("陵", "oka"),
    ("郷", "sato"),
    ("浜", "hama"),
    ("杜", "mori"),
    ("坂", "zaka"),
    ("砂", "suna"),
    ("峡", "kai"),
    ("灘", "nada"),
    ("窪", "kubo"),
    ("堰", "seki"),
    ("蔵", "kura"),
];
const WESTERN_FRONTS: [&str; 16] = [
    "Vel", "Tor", "Nim", "Qua", "Bre", "Ost", "Zan", "Lir", "Pel", "Gru", "Hax", "Fen", "Yor",
    "Dul", "Kes", "Wim",
];
const WESTERN_BACKS: [&str; 12] = [
    "dena", "vikka", "mora", "lundo", "tessa", "quor", "bello", "rask", "nimbo", "sorin", "tavi",
    "golde",
];

/// What companies do: key, what stands in a Japanese name, in a Western name.
pub(super) const INDUSTRIES: [(&str, &str, &str); 8] = [
    ("manufacturing", "精機", "Machines"),
    ("logistics", "物流", "Freight"),
    ("retail", "商会", "Stores"),
    ("electronics", "電装", "Circuits"),
    ("healthcare", "薬品", "Care"),
    ("software", "情報", "Systems"),
    ("construction", "建装", "Builders"),
    ("food", "食品", "Foods"),
];

/// Features of the product, the most popular first.
pub(super) const FEATURES: [&str; 12] = [
    "dashboard",
    "search",
    "report_builder",
    "export",
    "workflow",
    "approval",
    "alerts",
    "import",
    "forecast",
    "calendar",
    "integration",
    "admin",
];

/// A company's name and the stem of its e-mail domain.
pub(super) fn company(draw: &mut Draw, is_japanese: bool, industry: usize) -> (String, String) {
    let (_, japanese, western) = INDUSTRIES[industry];
    if is_japanese {
        let (front, back) = (draw.pick(&FRONTS), draw.pick(&BACKS));
        let stem = format!("{}{}", front.0, back.0);
        let name = match draw.below(4) {
            0 => format!("{stem}{japanese}株式会社"),
            1 => format!("有限会社{stem}{japanese}"),
            _ => format!("株式会社{stem}{japanese}"),
        };
        (name, format!("{}{}", front.1, back.1))
    } else {
        let (front, back) = (draw.pick(&WESTERN_FRONTS), draw.pick(&WESTERN_BACKS));
        let form = draw.pick(&["Ltd", "Inc", "GmbH", "Pte Ltd"]);
        let stem = format!("{front}{back}");
        (format!("{stem} {western} {form}"), stem.to_lowercase())
    }
}

/// A person's name and the part of an e-mail address before the `@`.
pub(super) fn person(draw: &mut Draw, is_japanese: bool) -> (String, String) {
    if is_japanese {
        let (surname, given) = (draw.pick(&SURNAMES), draw.pick(&GIVEN_NAMES));
        (
            format!("{} {}", surname.0, given.0),
            format!("{}.{}", given.1, surname.1),
        )
    } else {
        let (surname, given) = (
            draw.pick(&WESTERN_SURNAMES),
            draw.pick(&WESTERN_GIVEN_NAMES),
        );
        (
            format!("{given} {surname}"),
            format!("{}.{}", given.to_lowercase(), surname.to_lowercase()),
        )
    }
}

/// The name of our own person with this number: unique.
pub(super) fn owner(number: usize) -> String {
    let surname = SURNAMES[number % SURNAMES.len()].0;
    let round = number / SURNAMES.len();
    let given = GIVEN_NAMES[(round + number * 7) % GIVEN_NAMES.len()].0;
    match round / GIVEN_NAMES.len() {
        0 => format!("{surname}{given}"),
        namesake => format!("{surname}{given}{}", namesake + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn owners_have_names_of_their_own() {
        let names: BTreeSet<String> = (0..5000).map(owner).collect();
        assert_eq!(names.len(), 5000);
        assert_eq!(owner(0), "佐藤葵");
    }
}
