"""Templates and message catalogues, each read and compiled once per language and process."""

from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from gateway.web.assets import asset_addresses
from gateway.web.qr_code import qr_code
from providers.contract import Availability, CardTrouble, Language, ProviderKind

HERE: Final = Path(__file__).parent
_RIGA: Final = ZoneInfo("Europe/Riga")
_MOMENT: Final = MappingProxyType(
    {Language.LATVIAN: "%d.%m.%Y. plkst.\u00a0%H:%M", Language.ENGLISH: "%d.%m.%Y at\u00a0%H:%M"}
)
_NAMES: Final = MappingProxyType({Language.LATVIAN: "Latviešu", Language.ENGLISH: "English"})

DEPARTURE_SCRIPT: Final = Markup(
    'if(performance.getEntriesByType("navigation")[0].type!=="back_forward")document.forms.departure.submit()'
)
"""Sends the departure form by itself, unless the Back button led here: then the person wants to stay."""
LINK_SCRIPT: Final = Markup(
    'if(performance.getEntriesByType("navigation")[0].type!=="back_forward")document.getElementById("departure").click()'
)
"""The same for a departure by link."""

NEWS_SCRIPT: Final = Markup(
    'const proof=document.getElementById("proof");let left=false;addEventListener("submit",()=>{left=true});'
    "async function look(){try{"
    "const answer=await fetch(proof.dataset.state);const news=await answer.json();"
    "if(left)return;if(news.over){location.replace(proof.dataset.over);return}"
    'const fresh=document.createElement("div");fresh.innerHTML=news.content;'
    "if(fresh.innerHTML!==proof.innerHTML)proof.innerHTML=news.content"
    "}catch{}setTimeout(look,1000)}"
    "setTimeout(look,1000)"
)
"""Asks each second whether the part of the page that changes has changed; a question that fails is asked again.

Once a form is on its way the page does not go anywhere else by itself.
"""


@cache
def catalogue(language: Language) -> NullTranslations:
    """Read a language's messages; English is what the templates are written in and needs none."""
    if language is Language.ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    with (HERE / "translations" / language.value / "LC_MESSAGES" / "messages.po").open("rb") as written:
        write_mo(compiled, read_po(written, locale=language.value, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


@cache
def template(name: str, language: Language) -> Template:
    """Give a compiled template that speaks one language."""
    return _environment(language).get_template(name)


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined] # the extension adds it
    environment.globals.update(
        language=language.value,
        other=next({"code": o.value, "name": _NAMES[o]} for o in Language if o is not language),
        assets=asset_addresses(),
        script=DEPARTURE_SCRIPT,
        link_script=LINK_SCRIPT,
        news_script=NEWS_SCRIPT,
        qr=qr_code,
        states=_states(catalogue(language)),
        kinds=_kinds(catalogue(language)),
        troubles=_troubles(catalogue(language)),
        clock_time=lambda at: at.astimezone(_RIGA).strftime("%H:%M"),
        moment=lambda at: at.astimezone(_RIGA).strftime(_MOMENT[language]),
    )
    return environment


def _kinds(words: NullTranslations) -> dict[ProviderKind, str]:
    gettext = words.gettext
    return {
        ProviderKind.BANK: gettext("Internet banks"),
        ProviderKind.CARD: gettext("Cards with a chip"),
        ProviderKind.APP: gettext("Apps on the telephone"),
    }


def _troubles(words: NullTranslations) -> dict[CardTrouble, str]:
    gettext = words.gettext
    return {
        CardTrouble.SOFTWARE_MISSING: gettext(
            "The browser did not find the Web eID software. Install or update it, start the browser anew, and try again."
        ),
        CardTrouble.CARD_UNREADABLE: gettext(
            "The card did not sign. See that it is the right card, that it sits firmly in the reader, and that its PIN 1 "
            "is not blocked; then try again."
        ),
        CardTrouble.PAGE_FAILED: gettext(
            "The card could not be asked. Please try again, or choose another way to sign in."
        ),
    }


def _states(words: NullTranslations) -> dict[Availability, str]:
    gettext = words.gettext
    return {
        Availability.UP: gettext("Available"),
        Availability.DEGRADED: gettext("Working with interruptions"),
        Availability.DOWN: gettext("Not available"),
    }
