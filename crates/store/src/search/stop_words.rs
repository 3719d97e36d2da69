//! Words that say nothing about what a text is about. A search for something else does without them.

/// The languages' shortest lists: a word too many costs a search that is about it.
const LISTS: [(&str, &str); 7] = [
    (
        "en",
        "a an and are as at be been but by can could did do does for from had has have he her his how i if in is it its me \
         my no not of on or our she so than that the their them then there they this to us was we were what when where \
         which who why will with would you your",
    ),
    (
        "de",
        "aber als am an auch auf aus bei bin bist da das dass dem den der des die du ein eine einem einen einer er es fur \
         hat ich ihr im in ist ja kann man mein mich mir mit nicht noch oder sein sich sie sind so und von war was wenn wer \
         wie wir wird wo zu zum zur",
    ),
    (
        "fr",
        "a au aux avec c ce ces cette d dans de des du elle en est et il ils j je l la le les leur mais me mon n ne nous on \
         ou par pas pour qu que qui s sa se ses son sont sur un une vous y",
    ),
    (
        "es",
        "a al como con de del el ella en es esta este la las lo los me mi no o para pero por que se si sin son su sus un \
         una y yo",
    ),
    (
        "it",
        "a al che chi ci con da dal del della di e ed gli i il in io la le lo ma mi ne nel non o per se si sono su un una",
    ),
    ("pt", "a ao as com da de do e em ela ele eu mas me na nao no o os ou para por que se seu sua um uma"),
    ("nl", "aan als dat de die dit een en er het ik in is je met niet of om op te van voor was wat we zijn"),
];

/// Whether a folded word is one, in a language by its tag's first part. English ones are in everybody's texts.
pub(super) fn is_stop_word(language: &str, word: &str) -> bool {
    let lists = LISTS.iter().filter(|(of, _)| *of == language || *of == "en");
    lists.into_iter().any(|(_, list)| list.split(' ').any(|stop| stop == word))
}
