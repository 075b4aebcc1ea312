"""The known answers of banklink.md section 14, as printed there.

The two public keys exist for that document alone; whoever holds their private halves is nobody of this project.
"""

from dataclasses import dataclass

GATEWAY_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqpRF4nJAbISiRJN24u7u
RFlOihxxrwycnVysIy3m4bAl7dd83LRultv32g7Id9jV+7Rahtaelqxc65KmmS2s
X7R1hJzTFTJEnusvn0OFAj0058R4/sU0FwRQckQxFKaVROWE+4vK+0T8uGXlyZaw
aQfX8CsxT2zMcmgIZwb9GuDXghHLaGpVARKB2V020UjzqWUD1OTlFa+t+8KdGLo2
pEkG7xYRsnGunEl6xABWNwZy/vqLPR8JN5zcBNqAgAujO/fDQJcsysIJyoxXywP9
ZG24VDZnTvSdHNToonUbvdw1KWNbnhZS6kbDocogHypLtx51CtA+wz4JLInt5fSk
fQIDAQAB
-----END PUBLIC KEY-----
"""

BANK_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs+MzUf8n7ZxJo/Js/PM8
V93lry3KbVSGVfj16Sr/VtgsrVUTOgr93OvAAVNxE8+CkdiW7RW2goR4pYjGoFDI
JMlCZXf5Fy0jRj4UqTc5gJYC6A0Di6LIl6W/vON0XpJJf0dqfIQPF7K7Ah/WAJPo
RNa+CZfl1ZOwnooPsZdTY32/mWv9DwWT4/kSV55/GBeUf9GkBYNlFMQGwVt9fABk
LSuQARGlxp0e32fixvcJtpQ+kHssosqI02r1N4WEdNXHhMPowBEwB5h+/Sxiu2Yx
QPEbKdIXt3dl4EB80Wm4TkLrfVJfvIllA9Lh3PsLs5mgmdGYY4ni3Sf4Ew0UXUeD
DwIDAQAB
-----END PUBLIC KEY-----
"""


@dataclass(frozen=True)
class KnownAnswer:
    fields: dict[str, str]
    mac_string: str
    signature: str
    key: bytes
    hash_name: str
    charset: str = "utf-8"


_REQUEST = {
    "VK_SERVICE": "4012",
    "VK_VERSION": "009",
    "VK_SND_ID": "EIDGW",
    "VK_REC_ID": "DEMOBANK",
    "VK_NONCE": "7c1e0f5a9b3d4826a1f0c9e2d7b85634",
    "VK_RETURN": "https://gw.example/b/demobank/return",
    "VK_DATETIME": "2026-03-02T14:05:09+0200",
    "VK_RID": "",
}
_ANSWER = {
    "VK_SERVICE": "3013",
    "VK_VERSION": "009",
    "VK_DATETIME": "2026-03-02T14:06:41+0200",
    "VK_SND_ID": "DEMOBANK",
    "VK_REC_ID": "EIDGW",
    "VK_NONCE": "7c1e0f5a9b3d4826a1f0c9e2d7b85634",
    "VK_USER_NAME": "PARAUDZIŅA-ĶĒRA,LĪGA ANNA",
    "VK_USER_ID": "999999-10000",
    "VK_COUNTRY": "LV",
    "VK_OTHER": "",
    "VK_TOKEN": "5",
    "VK_RID": "",
}
_OLDER = {
    "VK_SERVICE": "3003",
    "VK_VERSION": "008",
    "VK_SND_ID": "DEMOBANK",
    "VK_REC_ID": "EIDGW",
    "VK_NONCE": "7c1e0f5a9b3d4826a1f0c9e2d7b85634",
    "VK_INFO": "ISIK:999999-10000;NIMI:LĪGA ANNA PARAUDZIŅA-ĶĒRA",
}
_ESTONIAN = {
    "VK_VERSION": "008",
    "VK_USER_NAME": "ÕUEMÄE-NÄIDIS,ÜLO",
    "VK_USER_ID": "99999999999",
    "VK_COUNTRY": "EE",
    "VK_TOKEN": "1",
}

E1 = KnownAnswer(
    fields=_REQUEST,
    mac_string=(
        "0044012003009005EIDGW008DEMOBANK0327c1e0f5a9b3d4826a1f0c9e2d7b85634036https://gw.example/b/demobank/"
        "return0242026-03-02T14:05:09+0200000"
    ),
    signature=(
        "EzP1Jh7opQA4TCd2cKslNGdeTZDdnCJfqJ8yZICeDD7M1agW9zTEf62BJzkBhpeC1tV4rmg21QFrMUTT/iIVnCJyn6o3c96CPoQG"
        "nVzF1bHdstz3LhBnhXv/JePxqDKegFNCPnIQAivbQ7d1HdpCmocZaq+QbXLSzayvdaCpNvEVmFpT3Im4BOpXQPHs1XgbdpwQDkEA"
        "Qmh0XLu4eQj/0f1kyxE2cFu3ijOQZc23aLMx52YjuFtE5JaBvGT5ObMkxGzksIvEj3dg4tjEwTay37FDY6qGobEe2s9PFoJYRNjE"
        "aXXVsV+OGssH5crQ8XaWa8228q4PY3LGeSqI9Cd1lA=="
    ),
    key=GATEWAY_KEY,
    hash_name="sha512",
)
E2 = KnownAnswer(
    fields=_ANSWER,
    mac_string=(
        "00430130030090242026-03-02T14:06:41+0200008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634025PAR"
        "AUDZIŅA-ĶĒRA,LĪGA ANNA012999999-10000002LV0000015000"
    ),
    signature=(
        "jkDUJ7Catd9EJ9zeQUyAZcWXvRJ6qkv1LVmkWMvR9WokbH9LfuVR30IDV5K8MIs/uinm+hGlo6Z96Ym5QuRkFAfddW2pKQuZc5a2"
        "fdBi6C4IzxaaMsYXu1ptsS3HCCujqD+mwJiRMQdjTC1zhRP0IADvo6BmjKxZr4pjJeDzZFlkcC02TqRlP3QwvaPSdlrF9PQgoyQb"
        "BDBtoKQH3vvl3zRh0yxdahpQy0YRm+OfPlyYpncLJq4O4gE6mA+3XUbSzdZO3WrKWgAAvhTtnlNdQckqAiVzzSBDth8stqe78s2x"
        "4yCxXRSxHKo6ReRYl/sXb24KEkkOQBUTg84By5EYQQ=="
    ),
    key=BANK_KEY,
    hash_name="sha512",
)
E3 = KnownAnswer(
    fields={**_REQUEST, "VK_VERSION": "008"},
    mac_string=(
        "0044012003008005EIDGW008DEMOBANK0327c1e0f5a9b3d4826a1f0c9e2d7b85634036https://gw.example/b/demobank/"
        "return0242026-03-02T14:05:09+0200000"
    ),
    signature=(
        "hen1TQVRtnQeifdNhWXr5GWhUwOnVVXhWwhID+Umy66+bhGv1+IzO7x/oq7beAxU0uZXCh3JPPGf8HuDOk0ndHJ8C1vqNGfXv6Vn"
        "2kdWnW6P3WkjGAFn4mRrKLDCoafqzwyI+Y7bIHneV/pF38EUqErKCkV3gj9pom9o4UL8DQnOFi26ypTtNDXHSL5EbDww3fVrawQz"
        "Vb1l8ub2uV4YVICTW8G7wcRS9dfHoJdwrAlLNZ0DOyv6RRTgbkrOAePxvdStehcA6CtkVOiM3pZXJd8W0X14Tb15Wz8kh9BFxEe7"
        "16cjyj8c4GyvsXftfmA1EotNUVFtFyilWVDmPixDmQ=="
    ),
    key=GATEWAY_KEY,
    hash_name="sha1",
)
E4 = KnownAnswer(
    fields=_OLDER,
    mac_string=(
        "0043003003008008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634048ISIK:999999-10000;NIMI:LĪGA AN"
        "NA PARAUDZIŅA-ĶĒRA"
    ),
    signature=(
        "jdWWDr7EbuPvLeSyUWCB9cPa4fkXf9z0JIkGD8JqNPk+Pl7jHdB0ulllijZgDecaI7sZBWpMc3sH7rqNC/A9/lQqv+i9tMPcnOOs"
        "Hv1MqtGMgw+EWSf9mqMYJe8qjpfhpIMBJwjeRvV/VVAHrkin/u0X6Gzowue++9SRZAXRZInBpePT2uJ3Q6F4G6yZpZoVUzCVpbp0"
        "vWZV6FhHhzI5xt26Isb+LwFkDRCdy0B6bB+pM8+gXGqyczaja86EFgNbijTYzZOvvrPGWMhiuZdTOAVVy91WMzDCFTmSOoosc7eT"
        "VKmfIx/73YLecBro6KSpPz5hKqf3KOs9vn3DWZxyKQ=="
    ),
    key=BANK_KEY,
    hash_name="sha1",
)
E10 = KnownAnswer(
    fields={**_ANSWER, **_ESTONIAN},
    mac_string=(
        "00430130030080242026-03-02T14:06:41+0200008DEMOBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634017ÕUE"
        "MÄE-NÄIDIS,ÜLO01199999999999002EE0000011000"
    ),
    signature=(
        "dWCAfbgRlHu9OU8fWSkvC+IuNYgBCqbud6GtDrPDy7sVZucXqJ2uZru1AsScdRw8ENGhwjBOKzTFnSp3WqbakBWssImnQrKwionK"
        "QjjdjfOh+yBezFAu6qcQnKypRBH2lezj2gRyETd+bUuOEV84RtwvbMiQ3KqG3lqGutVPUQEMIEN2iqHhf/0grJu0LdhMBPjao2Dw"
        "Boj5T7r8vebGPJhaEMErlvxDArs5jPtzWG4ttV3jnvHbBZN3dTgankFhFn+aetC5QfXX0J+kE54OdDBQ7towd/4udgWmlyXxYsBQ"
        "J2TqWMHvLpr7frwfBIqnx5yQW7VXM/gB7b5B+aJSpQ=="
    ),
    key=BANK_KEY,
    hash_name="sha1",
    charset="iso-8859-1",
)

ALL = {"E1": E1, "E2": E2, "E3": E3, "E4": E4, "E10": E10}
