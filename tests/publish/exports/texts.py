"""Texts that try formats: sentences in many scripts, and characters that end lines, columns and files elsewhere."""

from hypothesis import strategies as st

SENTENCES = {
    "eng_Latn": 'Ready? <b>Save & close</b> "now", at 5 > 4 o\'clock.',
    "deu_Latn": "Groß- & Kleinschreibung: ‚ja‘ < ‚nein‘ – ]]>",
    "fra_Latn": "Voulez-vous vraiment supprimer « l’élément » ?",
    "arb_Arab": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.",
    "hin_Deva": "सभी मनुष्यों को गौरव और अधिकारों के मामले में समानता प्राप्त है।",
    "tha_Thai": "มนุษย์ทั้งปวงเกิดมามีอิสระและเสมอภาคกัน",
    "cmn_Hans": "人人生而自由，在尊严和权利上一律平等。𠮷",
    "mya_Mymr": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။",
}
BREAKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x85\u2028\u2029"
CONTROLS = "\x00\x01\x08\x0e\x1b\x1f\ufffe\uffff"

hostile = st.text(
    st.one_of(st.sampled_from(BREAKS + CONTROLS + "<>&\"' \u00a0\ufeff\u200d"), st.characters(codec="utf-8"))
)
"""Text with more of what breaks formats than chance would have."""
