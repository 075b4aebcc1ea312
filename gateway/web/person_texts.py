"""What a person is told: in each language what happened, why, and what to do next.

The texts never blame, never name a person, and always say the next step (complaints 22 to 24). ``{provider}`` stands
for the provider's name, or for general words when none is known; it is always the subject of its sentence, because a
name cannot be declined. Latvian texts avoid forms that depend on the reader's gender.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

from providers.contract import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonText:
    """One message to a person, in one language."""

    title: str
    explanation: str
    next_step: str
    somebody: str = ""
    """General words instead of a provider's name."""

    def about(self, provider: str | None) -> "PersonText":
        """Put the provider's name in, or general words."""
        if "{provider}" not in self.explanation:
            return self
        return replace(self, explanation=self.explanation.replace("{provider}", provider or self.somebody))


Both: TypeAlias = Mapping[Language, PersonText]
"""A message in every language."""

Sentences: TypeAlias = tuple[str, str, str]
"""Title, explanation, next step."""


def both(latvian: Sentences, english: Sentences) -> Both:
    """Put a message's two languages side by side."""
    return MappingProxyType(
        {
            Language.LATVIAN: _text(latvian, "Izvēlētais pieteikšanās pakalpojums"),
            Language.ENGLISH: _text(english, "The sign-in service you chose"),
        }
    )


def _text(sentences: Sentences, somebody: str) -> PersonText:
    title, explanation, next_step = sentences
    return PersonText(title=title, explanation=explanation, next_step=next_step, somebody=somebody)


NOT_FINISHED: Final = both(
    (
        "Pieteikšanās netika pabeigta",
        "Pieteikšanās tika pārtraukta vai netika apstiprināta.",
        "Varat mēģināt vēlreiz vai izvēlēties citu pieteikšanās veidu.",
    ),
    (
        "Signing in was not completed",
        "Signing in was cancelled or was not approved.",
        "You can try again or choose another way to sign in.",
    ),
)
NOT_SIGNED_IN: Final = both(
    (
        "Jāpiesakās no jauna",
        "Iepriekšējā sesija ir beigusies, tāpēc portāls vairs nevar jūs atpazīt bez pieteikšanās.",
        "Atgriezieties portālā un piesakieties; tas aizņems tikai brīdi.",
    ),
    (
        "Please sign in again",
        "The earlier session is over, so the portal cannot recognise you without signing in.",
        "Go back to the portal and sign in; it takes only a moment.",
    ),
)
OUT_OF_TIME: Final = both(
    (
        "Pieteikšanās laiks ir beidzies",
        "Drošības dēļ pieteikšanās ir jāpabeidz noteiktā laikā, un šis laiks ir pagājis.",
        "Sāciet pieteikšanos no jauna; tas aizņems tikai brīdi.",
    ),
    (
        "The time for signing in has run out",
        "For safety, signing in must be completed within a set time, and that time has passed.",
        "Start signing in again; it takes only a moment.",
    ),
)
ANSWER_TOO_OLD: Final = both(
    (
        "Pieteikšanās atbilde ir novecojusi",
        "{provider} atsūtīja atbildi, kuras derīguma laiks jau ir pagājis.",
        "Sāciet pieteikšanos no jauna. Ja tas atkārtojas, izvēlieties citu pieteikšanās veidu.",
    ),
    (
        "The sign-in answer is too old",
        "{provider} sent an answer that is no longer fresh.",
        "Start signing in again. If this repeats, choose another way to sign in.",
    ),
)
ALREADY_USED: Final = both(
    (
        "Šī pieteikšanās jau ir izmantota",
        "Katru pieteikšanās atbildi var izmantot tikai vienu reizi. Tā notiek, ja lapu atver atkārtoti.",
        "Ja portāls jūs neatpazīst, sāciet pieteikšanos no jauna.",
    ),
    (
        "This sign-in has already been used",
        "Each sign-in answer can be used only once. This happens when a page is opened again.",
        "If the portal does not recognise you, start signing in again.",
    ),
)
OTHER_CODE: Final = both(
    (
        "Apstiprināts cits kontroles kods",
        "Tālrunī tika izvēlēts kods, kas nesakrīt ar ekrānā redzamo, tāpēc pieteikšanās tika apturēta.",
        "Sāciet no jauna un salīdziniet abus kodus. Ja pieteikšanos nesākāt jūs, neko neapstipriniet.",
    ),
    (
        "Another control code was confirmed",
        "The code chosen on the phone is not the one on the screen, so signing in was stopped.",
        "Start again and compare the two codes. If it was not you who started, do not confirm anything.",
    ),
)
TOO_OFTEN: Final = both(
    (
        "Pārāk daudz pieprasījumu",
        "Vienam cilvēkam piecās minūtēs var nosūtīt ne vairāk kā trīs pieprasījumus, un tikai vienu reizē.",
        "Pagaidiet piecas minūtes vai izvēlieties citu pieteikšanās veidu. Ja pieprasījumus nesākāt jūs, noraidiet tos.",
    ),
    (
        "Too many requests",
        "One person can be sent at most three requests in five minutes, and one at a time.",
        "Wait five minutes, or choose another way to sign in. If it was not you who asked, refuse the requests.",
    ),
)
DEVICE: Final = both(
    (
        "Neizdevās sazināties ar jūsu ierīci",
        "Pieprasījums nesasniedza tālruni vai karti, vai ierīce to nevarēja apstrādāt.",
        "Pārbaudiet, vai ierīce ir ieslēgta un tai ir savienojums, vai izvēlieties citu pieteikšanās veidu.",
    ),
    (
        "Your device could not be reached",
        "The request did not reach the phone or card, or the device could not work with it.",
        "Check that the device is on and connected, or choose another way to sign in.",
    ),
)
PROVIDER_SILENT: Final = both(
    (
        "Pieteikšanās pakalpojums neatbild",
        "{provider} pašlaik neatbild. Portālam nekas nav nosūtīts.",
        "Izvēlieties citu pieteikšanās veidu vai mēģiniet vēlreiz pēc dažām minūtēm.",
    ),
    (
        "The sign-in service does not answer",
        "{provider} does not answer at the moment. Nothing was sent to the portal.",
        "Choose another way to sign in, or try again in a few minutes.",
    ),
)
PROVIDER_OFF: Final = both(
    (
        "Šis pieteikšanās veids pašlaik nav pieejams",
        "{provider} pašlaik netiek izmantots pieteikšanās nolūkiem. Par to jau ir ziņots uzturētājiem.",
        "Izvēlieties citu pieteikšanās veidu.",
    ),
    (
        "This way to sign in is not available",
        "{provider} cannot be used for signing in at the moment. The people in charge have been told.",
        "Choose another way to sign in.",
    ),
)
ANSWER_NOT_ACCEPTED: Final = both(
    (
        "Pieteikšanās atbildi nevarēja pieņemt",
        "{provider} atsūtīja atbildi, kuru drošības pārbaude nepieņēma. Kļūda nav jūsu pusē.",
        "Mēģiniet vēlreiz vai izvēlieties citu pieteikšanās veidu. Ja tas atkārtojas, nosauciet incidenta numuru.",
    ),
    (
        "The sign-in answer could not be accepted",
        "{provider} sent an answer that did not pass the safety checks. You did nothing wrong.",
        "Try again or choose another way to sign in. If this repeats, tell support the incident number.",
    ),
)
OTHER_BROWSER: Final = both(
    (
        "Pieteikšanās sākta citā pārlūkprogrammā",
        "Atbilde pienāca citā pārlūkprogrammā vai logā, nekā pieteikšanās tika sākta, tāpēc tā netika izmantota.",
        "Atgriezieties tajā pārlūkprogrammā, kurā sākāt, un piesakieties tur no jauna.",
    ),
    (
        "Signing in was started in another browser",
        "The answer arrived in another browser or window than the one where signing in began, so it was not used.",
        "Go back to the browser where you started and sign in there again.",
    ),
)
NOT_ASKED_FOR: Final = both(
    (
        "Šī pieteikšanās nav atrasta",
        "Atbilde neatbilst nevienai pieteikšanai, kas pašlaik ir sākta.",
        "Sāciet pieteikšanos no tā portāla, kuru vēlaties lietot.",
    ),
    (
        "This sign-in was not found",
        "The answer belongs to no sign-in that is under way.",
        "Start signing in from the portal that you want to use.",
    ),
)
TOO_WEAK: Final = both(
    (
        "Nepieciešams drošāks pieteikšanās veids",
        "Izmantotais pieteikšanās veids nav tik drošs, kā portāls to prasa.",
        "Izvēlieties pieteikšanās veidu ar divām drošības pakāpēm, piemēram, lietotni vai karti ar PIN kodu.",
    ),
    (
        "A stronger way to sign in is needed",
        "The way you signed in is less secure than the portal requires.",
        "Choose a way with two security steps, such as an app or a card with a PIN.",
    ),
)
INCOMPLETE: Final = both(
    (
        "Trūkst pieteikšanās datu",
        "{provider} neatsūtīja vārdu, uzvārdu un personas kodu tā, kā tas ir nepieciešams.",
        "Izvēlieties citu pieteikšanās veidu. Jūsu banka var pārbaudīt, kādi dati tai ir reģistrēti.",
    ),
    (
        "Some of the identity details are missing",
        "{provider} did not send the given name, family name and personal code in the form that is needed.",
        "Choose another way to sign in. Your bank can check which details it holds.",
    ),
)
MISMATCH: Final = both(
    (
        "Pieteikšanās dati nesakrīt",
        "{provider} atsūtīja divas atbildes, kas savā starpā nesakrīt, tāpēc pieteikšanās tika apturēta.",
        "Sāciet pieteikšanos no jauna. Ja tas atkārtojas, nosauciet incidenta numuru palīdzības dienestam.",
    ),
    (
        "The identity details do not agree",
        "{provider} sent two answers that do not agree with each other, so signing in was stopped.",
        "Start signing in again. If this repeats, tell support the incident number.",
    ),
)
CARD: Final = both(
    (
        "Karti nevarēja pieņemt",
        "Kartes sertifikāts nav derīgs šādai pieteikšanai.",
        "Izvēlieties citu pieteikšanās veidu. Kartes izdevējs var pastāstīt, kā sertifikātu atjaunot.",
    ),
    (
        "The card could not be accepted",
        "The certificate on the card is not valid for signing in here.",
        "Choose another way to sign in. The issuer of the card can tell you how to renew the certificate.",
    ),
)
PORTAL_MISTAKE: Final = both(
    (
        "Portāls pieteikšanos pieprasīja nepareizi",
        "Portāls, no kura nācāt, atsūtīja pieprasījumu, kuru nevar izpildīt. Kļūda nav jūsu pusē.",
        "Mēģiniet vēlreiz; ja tas atkārtojas, ziņojiet portāla uzturētājam.",
    ),
    (
        "The portal asked for sign-in in a wrong way",
        "The portal you came from sent a request that cannot be carried out. You did nothing wrong.",
        "Try again; if this repeats, please tell those who run the portal.",
    ),
)
BUSY: Final = both(
    (
        "Pieteikšanās īslaicīgi nav pieejama",
        "Pašlaik nevaram droši saglabāt jūsu pieteikšanos, tāpēc tā netika sākta vai pabeigta.",
        "Mēģiniet vēlreiz pēc minūtes.",
    ),
    (
        "Signing in is briefly unavailable",
        "Your sign-in cannot be recorded safely just now, so it was not started or completed.",
        "Try again in a minute.",
    ),
)
SOMETHING_ELSE: Final = both(
    (
        "Pieteikties neizdevās",
        "Radās kļūda, kuru mēs neparedzējām. Tā ir pierakstīta ar zemāk redzamo numuru.",
        "Sāciet pieteikšanos no jauna vai izvēlieties citu pieteikšanās veidu.",
    ),
    (
        "Signing in did not succeed",
        "Something happened that we did not foresee. It is recorded under the number below.",
        "Start signing in again or choose another way to sign in.",
    ),
)
