"""The codec reproduces the known answers of banklink.md section 14 that concern the bank's messages."""

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from mock_bank import wire_banklink as wire
from mock_bank.debugger import explain
from mock_bank.pasted import read_pasted
from tests.mock_bank.partner import encode

GATEWAY_PEM = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqpRF4nJAbISiRJN24u7u
RFlOihxxrwycnVysIy3m4bAl7dd83LRultv32g7Id9jV+7Rahtaelqxc65KmmS2s
X7R1hJzTFTJEnusvn0OFAj0058R4/sU0FwRQckQxFKaVROWE+4vK+0T8uGXlyZaw
aQfX8CsxT2zMcmgIZwb9GuDXghHLaGpVARKB2V020UjzqWUD1OTlFa+t+8KdGLo2
pEkG7xYRsnGunEl6xABWNwZy/vqLPR8JN5zcBNqAgAujO/fDQJcsysIJyoxXywP9
ZG24VDZnTvSdHNToonUbvdw1KWNbnhZS6kbDocogHypLtx51CtA+wz4JLInt5fSk
fQIDAQAB
-----END PUBLIC KEY-----"""
BANK_PEM = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs+MzUf8n7ZxJo/Js/PM8
V93lry3KbVSGVfj16Sr/VtgsrVUTOgr93OvAAVNxE8+CkdiW7RW2goR4pYjGoFDI
JMlCZXf5Fy0jRj4UqTc5gJYC6A0Di6LIl6W/vON0XpJJf0dqfIQPF7K7Ah/WAJPo
RNa+CZfl1ZOwnooPsZdTY32/mWv9DwWT4/kSV55/GBeUf9GkBYNlFMQGwVt9fABk
LSuQARGlxp0e32fixvcJtpQ+kHssosqI02r1N4WEdNXHhMPowBEwB5h+/Sxiu2Yx
QPEbKdIXt3dl4EB80Wm4TkLrfVJfvIllA9Lh3PsLs5mgmdGYY4ni3Sf4Ew0UXUeD
DwIDAQAB
-----END PUBLIC KEY-----"""
NONCE = "7c1e0f5a9b3d4826a1f0c9e2d7b85634"
REQUEST = {
    "VK_SERVICE": "4012", "VK_VERSION": "009", "VK_SND_ID": "EIDGW", "VK_REC_ID": "DEMOBANK", "VK_NONCE": NONCE,
    "VK_RETURN": "https://gw.example/b/demobank/return", "VK_DATETIME": "2026-03-02T14:05:09+0200",
}  # fmt: skip
ANSWER = {
    "VK_SERVICE": "3013", "VK_VERSION": "009", "VK_DATETIME": "2026-03-02T14:06:41+0200", "VK_SND_ID": "DEMOBANK",
    "VK_REC_ID": "EIDGW", "VK_NONCE": NONCE, "VK_USER_NAME": "PARAUDZIŅA-ĶĒRA,LĪGA ANNA", "VK_USER_ID": "999999-10000",
    "VK_COUNTRY": "LV", "VK_TOKEN": "5",
}  # fmt: skip
E10 = {"VK_VERSION": "008", "VK_USER_NAME": "ÕUEMÄE-NÄIDIS,ÜLO", "VK_USER_ID": "99999999999", "VK_COUNTRY": "EE",
       "VK_TOKEN": "1", "VK_ENCODING": "ISO-8859-1"}  # fmt: skip
E4 = {
    "VK_SERVICE": "3003", "VK_VERSION": "008", "VK_SND_ID": "DEMOBANK", "VK_REC_ID": "EIDGW", "VK_NONCE": NONCE,
    "VK_INFO": "ISIK:999999-10000;NIMI:LĪGA ANNA PARAUDZIŅA-ĶĒRA",
}  # fmt: skip
FIELDS = {"E1": REQUEST, "E2": ANSWER, "E3": REQUEST | {"VK_VERSION": "008"}, "E4": E4, "E10": ANSWER | E10}
MAC_STRINGS = {
    "E1": "0044012003009005EIDGW008DEMOBANK0327c1e0f5a9b3d4826a1f0c9e2d7b85634036https://gw.example/b/demobank/return0242026-03-02T14:05:09+0200000",
    "E2": "00430130030090242026-03-02T14:06:41+0200008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634025PARAUDZIŅA-ĶĒRA,LĪGA ANNA012999999-10000002LV0000015000",
    "E3": "0044012003008005EIDGW008DEMOBANK0327c1e0f5a9b3d4826a1f0c9e2d7b85634036https://gw.example/b/demobank/return0242026-03-02T14:05:09+0200000",
    "E4": "0043003003008008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634048ISIK:999999-10000;NIMI:LĪGA ANNA PARAUDZIŅA-ĶĒRA",
    "E10": "00430130030080242026-03-02T14:06:41+0200008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634017ÕUEMÄE-NÄIDIS,ÜLO01199999999999002EE0000011000",
}
SIGNATURES = {
    "E1": "EzP1Jh7opQA4TCd2cKslNGdeTZDdnCJfqJ8yZICeDD7M1agW9zTEf62BJzkBhpeC1tV4rmg21QFrMUTT/iIVnCJyn6o3c96CPoQGnVzF1bHdstz3LhBnhXv/JePxqDKegFNCPnIQAivbQ7d1HdpCmocZaq+QbXLSzayvdaCpNvEVmFpT3Im4BOpXQPHs1XgbdpwQDkEAQmh0XLu4eQj/0f1kyxE2cFu3ijOQZc23aLMx52YjuFtE5JaBvGT5ObMkxGzksIvEj3dg4tjEwTay37FDY6qGobEe2s9PFoJYRNjEaXXVsV+OGssH5crQ8XaWa8228q4PY3LGeSqI9Cd1lA==",
    "E2": "jkDUJ7Catd9EJ9zeQUyAZcWXvRJ6qkv1LVmkWMvR9WokbH9LfuVR30IDV5K8MIs/uinm+hGlo6Z96Ym5QuRkFAfddW2pKQuZc5a2fdBi6C4IzxaaMsYXu1ptsS3HCCujqD+mwJiRMQdjTC1zhRP0IADvo6BmjKxZr4pjJeDzZFlkcC02TqRlP3QwvaPSdlrF9PQgoyQbBDBtoKQH3vvl3zRh0yxdahpQy0YRm+OfPlyYpncLJq4O4gE6mA+3XUbSzdZO3WrKWgAAvhTtnlNdQckqAiVzzSBDth8stqe78s2x4yCxXRSxHKo6ReRYl/sXb24KEkkOQBUTg84By5EYQQ==",
    "E3": "hen1TQVRtnQeifdNhWXr5GWhUwOnVVXhWwhID+Umy66+bhGv1+IzO7x/oq7beAxU0uZXCh3JPPGf8HuDOk0ndHJ8C1vqNGfXv6Vn2kdWnW6P3WkjGAFn4mRrKLDCoafqzwyI+Y7bIHneV/pF38EUqErKCkV3gj9pom9o4UL8DQnOFi26ypTtNDXHSL5EbDww3fVrawQzVb1l8ub2uV4YVICTW8G7wcRS9dfHoJdwrAlLNZ0DOyv6RRTgbkrOAePxvdStehcA6CtkVOiM3pZXJd8W0X14Tb15Wz8kh9BFxEe716cjyj8c4GyvsXftfmA1EotNUVFtFyilWVDmPixDmQ==",
    "E4": "jdWWDr7EbuPvLeSyUWCB9cPa4fkXf9z0JIkGD8JqNPk+Pl7jHdB0ulllijZgDecaI7sZBWpMc3sH7rqNC/A9/lQqv+i9tMPcnOOsHv1MqtGMgw+EWSf9mqMYJe8qjpfhpIMBJwjeRvV/VVAHrkin/u0X6Gzowue++9SRZAXRZInBpePT2uJ3Q6F4G6yZpZoVUzCVpbp0vWZV6FhHhzI5xt26Isb+LwFkDRCdy0B6bB+pM8+gXGqyczaja86EFgNbijTYzZOvvrPGWMhiuZdTOAVVy91WMzDCFTmSOoosc7eTVKmfIx/73YLecBro6KSpPz5hKqf3KOs9vn3DWZxyKQ==",
    "E10": "dWCAfbgRlHu9OU8fWSkvC+IuNYgBCqbud6GtDrPDy7sVZucXqJ2uZru1AsScdRw8ENGhwjBOKzTFnSp3WqbakBWssImnQrKwionKQjjdjfOh+yBezFAu6qcQnKypRBH2lezj2gRyETd+bUuOEV84RtwvbMiQ3KqG3lqGutVPUQEMIEN2iqHhf/0grJu0LdhMBPjao2DwBoj5T7r8vebGPJhaEMErlvxDArs5jPtzWG4ttV3jnvHbBZN3dTgankFhFn+aetC5QfXX0J+kE54OdDBQ7towd/4udgWmlyXxYsBQJ2TqWMHvLpr7frwfBIqnx5yQW7VXM/gB7b5B+aJSpQ==",
}


def key_of(answer: str) -> rsa.RSAPublicKey:
    key = load_pem_public_key(GATEWAY_PEM if answer in {"E1", "E3"} else BANK_PEM)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.mark.parametrize("answer", FIELDS)
def test_the_mac_string_is_the_one_printed(answer: str) -> None:
    fields = FIELDS[answer]
    values = wire.signed_values(fields, wire.MAC_ORDER[fields["VK_SERVICE"]])
    assert wire.mac_string(values) == MAC_STRINGS[answer]


@pytest.mark.parametrize("answer", FIELDS)
def test_the_signature_printed_verifies_over_it(answer: str) -> None:
    charset = "iso-8859-1" if answer == "E10" else "utf-8"
    hashed = wire.HASHES[wire.HASH_OF_VERSION[FIELDS[answer]["VK_VERSION"]]]
    signature = wire.decode_mac(SIGNATURES[answer])
    key_of(answer).verify(signature, MAC_STRINGS[answer].encode(charset), padding.PKCS1v15(), hashed)


@pytest.mark.parametrize("answer", FIELDS)
def test_the_debugger_calls_each_right(answer: str) -> None:
    fields = FIELDS[answer] | {"VK_MAC": SIGNATURES[answer]}
    body = encode(list(fields.items()), "iso-8859-1" if answer == "E10" else "utf-8")
    assert explain(read_pasted(body), {fields["VK_SND_ID"]: key_of(answer)}).verified


def test_with_lengths_in_bytes_the_name_of_e2_would_be_029() -> None:
    assert wire.mac_string(["PARAUDZIŅA-ĶĒRA,LĪGA ANNA"], unit="bytes") == "029PARAUDZIŅA-ĶĒRA,LĪGA ANNA"
