"""The QR code of the app's page: any reader reads it, and nothing in it is markup."""

import pytest
from markupsafe import escape

from gateway.web.qr_code import qr_code
from tests.support.qr_reader import read_qr

LINK = "https://smart-id.com/device-link?deviceLinkType=QR&elapsedSeconds={}&sessionToken=AAAABBBB&authCode=" + "a" * 43


@pytest.mark.parametrize("second", [0, 7, 59, 600])
def test_10_4_a_reader_reads_the_link_of_every_second(second: int) -> None:
    link = LINK.format(second)
    assert read_qr(qr_code(link)) == link


def test_a_text_with_markup_is_read_and_not_written() -> None:
    text = "<script>alert(1)</script>"
    drawn = qr_code(text)
    assert text not in drawn
    assert escape(text) not in drawn
    assert read_qr(drawn) == text
