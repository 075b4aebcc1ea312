"""What a person reads at the bank, in Latvian and English."""

from collections.abc import Mapping
from typing import Final

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "sign-in": ("Pieslēgšanās", "Sign in"),
    "asks": ("Jūsu identitāti lūdz apstiprināt:", "Who is asking you to prove your identity:"),
    "step": ("{}. solis no 3", "step {} of 3"),
    "user-number": ("Lietotāja numurs", "User number"),
    "password": ("Parole", "Password"),
    "method": ("Otrais apliecinājums", "Second proof"),
    "code-calculator": ("Kodu kalkulators", "Code calculator"),
    "app": ("Bankas lietotne tālrunī", "The bank's app on your phone"),
    "continue": ("Turpināt", "Continue"),
    "cancel": ("Atcelt", "Cancel"),
    "code-title": ("Kods no kalkulatora", "Code from the calculator"),
    "code": ("Kods (seši cipari)", "Code (six digits)"),
    "code-hint": ("Ievadiet kodu, ko rāda Jūsu kodu kalkulators.", "Type the code that your calculator shows."),
    "test-aid": ("Tikai izmēģinājumam", "Test aid"),
    "calculator-shows": ("Kalkulators rāda", "The calculator shows"),
    "people": ("Izmēģinājuma personas", "Test persons"),
    "app-title": ("Apstipriniet lietotnē", "Approve in the app"),
    "control-code": ("Kontroles kods", "Control code"),
    "compare": (
        "Salīdziniet kontroles kodu ar to, ko rāda tālrunis. Ja tas sakrīt, apstipriniet ar PIN.",
        "Compare the control code with the one on your phone. If they are equal, approve with your PIN.",
    ),
    "waiting": (
        "Gaidām Jūsu apstiprinājumu. Lapa pati turpinās.",
        "Waiting for your approval. The page will go on by itself.",
    ),
    "check-now": ("Pārbaudīt tūlīt", "Check now"),
    "phone": ("Atvērt izmēģinājuma tālruni (jaunā cilnē)", "Open the simulated phone (in a new tab)"),
    "consent-title": ("Datu nodošana", "Handing over your data"),
    "consent-text": ("Banka nodos šādus datus:", "The bank will hand over:"),
    "to-whom": ("Saņēmējs", "Recipient"),
    "given-name": ("Vārds", "Given name"),
    "family-name": ("Uzvārds", "Family name"),
    "personal-code": ("Personas kods", "Personal code"),
    "agree": ("Piekrītu", "I agree"),
    "answer-title": ("Atgriežamies pie pakalpojuma", "Returning to the service"),
    "answer-text": (
        "Ja lapa pati neturpina, nospiediet pogu.",
        "If the page does not go on by itself, press the button.",
    ),
    "send-again": ("Sūtīt vēlreiz", "Send again"),
    "back": ("Atgriezties pie pakalpojuma", "Go back to the service"),
    "cancelled": ("Pieslēgšanās atcelta", "Sign-in cancelled"),
    "cancelled-text": (
        "Nekādi dati nav nodoti. Banka pakalpojumam neko nesūta; varat atgriezties un izvēlēties citu veidu.",
        "No data was handed over. The bank sends nothing to the service; you can go back and choose another way.",
    ),
    "finished": ("Pieslēgšanās pabeigta", "Sign-in finished"),
    "finished-text": (
        "Atbilde jau ir nodota. Sāciet no jauna pakalpojuma lapā.",
        "The answer has been handed over already. Start again at the service.",
    ),
    "refused": ("Pieslēgties neizdevās", "Sign-in failed"),
    "problem": ("Kļūda", "Problem"),
    "wrong-password": ("Lietotāja numurs vai parole nav pareiza.", "The user number or the password is wrong."),
    "wrong-code": ("Kods nav pareizs.", "The code is wrong."),
    "locked": (
        "Pārāk daudz kļūdainu mēģinājumu. Pagaidiet un mēģiniet vēlreiz.",
        "Too many wrong tries. Wait a little, then try again.",
    ),
    "blocked": ("Jūsu piekļuve bankai ir bloķēta.", "Your access to the bank is blocked."),
    "one-factor": (
        "Jums nav otrā apliecinājuma līdzekļa, tāpēc banka nevar apliecināt Jūsu identitāti.",
        "You have no means for a second proof, so the bank cannot vouch for you.",
    ),
    "no-personal-code": (
        "Bankai nav zināms Jūsu personas kods, tāpēc tā nevar apliecināt Jūsu identitāti.",
        "The bank does not know your personal code, so it cannot vouch for you.",
    ),
    "company": (
        "Šis ir uzņēmuma lietotājs; identitāti var apliecināt tikai privātpersonai.",
        "This is a company's user; the bank vouches for private persons only.",
    ),
    "new-code-refused": ("Personas kods nav derīgs.", "The personal code is not valid."),
    "rejected-in-app": ("Jūs noraidījāt pieslēgšanos lietotnē.", "You rejected the sign-in in the app."),
    "wrong-pin": ("PIN nav pareizs.", "The PIN is wrong."),
    "other-language": ("English", "Latviski"),
    "mock": ("Izmēģinājuma banka. Tā nav īsta.", "A mock bank. It is not real."),
}


def in_language(language: str) -> dict[str, str]:
    """Every sentence in ``lv`` or ``en``."""
    index = 1 if language == "en" else 0
    return {key: versions[index] for key, versions in _TEXTS.items()}
