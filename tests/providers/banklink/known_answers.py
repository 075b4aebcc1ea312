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

_SEB = {
    "IB_SND_ID": "SEBUB",
    "IB_SERVICE": "0001",
    "IB_REC_ID": "EIDGW",
    "IB_USER": "999999-10000",
    "IB_DATE": "02.03.2026",
    "IB_TIME": "14:06:41",
    "IB_USER_INFO": "ID=999999-10000;NAME=Līga Anna Paraudziņa-Ķēra",
    "IB_VERSION": "002",
}
_LINK_REQUEST = {
    "VK_SERVICE": "3001",
    "VK_VERSION": "101",
    "VK_SND_ID": "EIDGW",
    "VK_STAMP": "7c1e0f5a9b3d4826a1f0c9e2d7b85634",
    "VK_RETURN": "https://gw.example/b/link/return",
}
_LINK_ANSWER = {
    "VK_SERVICE": "2001",
    "VK_VERSION": "101",
    "VK_SND_ID": "LINKBANK",
    "VK_REC_ID": "EIDGW",
    "VK_STAMP": "7c1e0f5a9b3d4826a1f0c9e2d7b85634",
    "VK_T_NO": "000000000417",
    "VK_PER_CODE": "999999-10000",
    "VK_PER_FNAME": "LĪGA ANNA",
    "VK_PER_LNAME": "PARAUDZIŅA-ĶĒRA",
    "VK_COM_CODE": "",
    "VK_COM_NAME": "",
    "VK_TIME": "20260302140641",
}
E5 = KnownAnswer(
    fields=_SEB,
    mac_string=(
        "005SEBUB0040001005EIDGW012999999-1000001002.03.202600814:06:41046ID=999999-10000;NAME=Līga Anna Para"
        "udziņa-Ķēra003002"
    ),
    signature=(
        "rvKSCKST78dK6VpNFgbEdsLYOyT7qjuk1AfbHCIpQdhNDfRyNWeDo778vN5PA5TKGfMhmVXxhkatd+VTdWgRc8bQgkUm1dc3qRH3"
        "1CsKz75ixU5twrXlbZ/guRD50bsQg9Fh3WCVWLSppwWaSr4xfH40jOv42AfZDz8QXtzolT9KFQ/6H73F5wGlu8LS9bZFasu6R8I0"
        "PDddhxhaCg6buGuupwyZ/cWb786+6lzWIxSF1+VjPRGjLR1C3UITqyeODGARfRn/TJhQmpNnFTfUnbhd8ypBVsfn0trxxt3CSI72"
        "LCcBeq04CO13M8UCGAk8bSNedDrrupFJI5YlsIItBA=="
    ),
    key=BANK_KEY,
    hash_name="sha512",
)
E6 = KnownAnswer(
    fields=_LINK_REQUEST,
    mac_string=("0043001003101005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634032https://gw.example/b/link/return"),
    signature=(
        "ImRipwFlZfKdnyh33Kty6xgicai3sSbxtvag6jyxyn4ED9YwLhcYTjL+JmTV7aZyxiVqczqEM2aJcfuR8bH0jrK9Kb95SPeIXJjB"
        "aV2CEAySCbDZORQPiRF7gxdwqMySdhp9D4FzeCOz7DfF8cfWnpVrRZZOz3jxqx0/NEwP2iUXKYgEs7+/NS6AjPi+3WGp+htASWxn"
        "Xn+/sDXhyQJ2BshcNjtv23uL2ragBUgTdDfA4XSfyifItZdbhH8fi/V1xPBF8VlZM4i+IvpTUSIhgMS00mRmGTco/do9orOvnyYV"
        "twrPiutCCo5iq8j67FIZ0yyzzJlMvUM9Z68G/wUufA=="
    ),
    key=GATEWAY_KEY,
    hash_name="sha1",
)
E7 = KnownAnswer(
    fields=_LINK_ANSWER,
    mac_string=(
        "0042001003101008LINKBANK005EIDGW0327c1e0f5a9b3d4826a1f0c9e2d7b85634012000000000417012999999-10000009"
        "LĪGA ANNA015PARAUDZIŅA-ĶĒRA00000001420260302140641"
    ),
    signature=(
        "rWwpRp5BUogvj6Yqdi0a42WnqyGycCHRT/bDs2O/S2KOZ3kTsunHCs03oZqhE1Pxb/Jx0VOaW4pARstqf++olaLq+oBsrNfZ7IQH"
        "WX86/RyGyyG9zKXJjRrkeIylG1NSl6MiS7qeQHQqn/zFRxfmgDFtS9vRhatlPDWkH9jOO6+VopJo6oDcQnhTw4unEbbMhPXgDyAi"
        "g+Qt7SgIya7hPukhC8i9sy1flsTyg0SveT8PRoWmmPSDuzlT24LYgWpZnJl8ruGd/4zWEc9tl2ckbD+zChqFg9eodJKCadw7ZIFU"
        "+4cKu4RzoWKY+V8doECttRCoyvuG0kgSbJxyhYmjkQ=="
    ),
    key=BANK_KEY,
    hash_name="sha1",
)
E11 = (
    '<?xml version="1.0" encoding="UTF-8"?><FIDAVISTA xmlns="http://ivis.eps.gov.lv/XMLSchemas/100017/fid'
    'avista/v1-2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://ivis.e'
    "ps.gov.lv/XMLSchemas/100017/fidavista/v1-2 http://ivis.eps.gov.lv/XMLSchemas/100017/fidavista/v1-2/f"
    'idavista.xsd"><Header><Timestamp>20260302140641000</Timestamp><From>10001</From><Extension><Amai xml'
    'ns="http://online.citadele.lv/XMLSchemas/amai/" xsi:schemaLocation="http://online.citadele.lv/XMLSch'
    'emas/amai/ http://online.citadele.lv/XMLSchemas/amai/amai.xsd"><Request>AUTHRESP</Request><RequestUI'
    "D>5d1f6c0e-93ab-4c27-8e55-0b7a41c2d9f3</RequestUID><Version>5.0</Version><Language>LV</Language><Per"
    "sonCode>99999910000</PersonCode><Person>PARAUDZIŅA-ĶĒRA LĪGA ANNA</Person><Code>100</Code><Message><"
    '/Message><SignatureData><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Canonical'
    'izationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorith'
    'm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI=""><Transforms><Transform Algo'
    'rithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms><DigestMethod Algorithm='
    '"http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>ciahTQ8ilA/mOzLjLLdephlYuCJ3zdNNiCNdFW7UYwQ='
    "</DigestValue></Reference></SignedInfo><SignatureValue>HGt2WKXZduNL+UMjhTtEhXgv5TfulQPb0X4PWamcPbVsq"
    "1EUOIq++4LSXP7a0rYGLuZd1aY4y+FNPpy5DIDLPP9Za35ir9Gi4RpVZ596F1ZwgPzCZh5n8MLV6Dpg0B8BGSA3meGTsV6PgR171"
    "6JU7TKzhunCn9zqTJY8iqmIompptI3q1YSn0cnIOn+eLHlN4ZgY2Q307UScki7sojA/lvT3eKx8IrqK4hMDRnE/BNxwdgacy5Mu4"
    "PogpacVxWPV0nz7pSdTHznTRMEtglN/KHCZgwwee+81LO2+hUQ/ml12al9v/qbhkLZFRw3geXLi7Z4i5PuDnIW8DGwmfzUlZQ==<"
    "/SignatureValue><KeyInfo><X509Data><X509Certificate>MIIDgzCCAmugAwIBAgIUFtZVroVdFY9Qb3ADxSc9k8GcKz8w"
    "DQYJKoZIhvcNAQELBQAwUTELMAkGA1UEBhMCTFYxJzAlBgNVBAoMHkRlbW8gQmFuayAoZG9jdW1lbnRhdGlvbiBvbmx5KTEZMBcG"
    "A1UEAwwQZGVtb2JhbmsuZXhhbXBsZTAeFw0yNjExMjEwNDU2NDFaFw0zNjExMTgwNDU2NDFaMFExCzAJBgNVBAYTAkxWMScwJQYD"
    "VQQKDB5EZW1vIEJhbmsgKGRvY3VtZW50YXRpb24gb25seSkxGTAXBgNVBAMMEGRlbW9iYW5rLmV4YW1wbGUwggEiMA0GCSqGSIb3"
    "DQEBAQUAA4IBDwAwggEKAoIBAQCz4zNR/yftnEmj8mz88zxX3eWvLcptVIZV+PXpKv9W2CytVRM6Cv3c68ABU3ETz4KR2JbtFbaC"
    "hHiliMagUMgkyUJld/kXLSNGPhSpNzmAlgLoDQOLosiXpb+843Rekkl/R2p8hA8XsrsCH9YAk+hE1r4Jl+XVk7Ceig+xl1Njfb+Z"
    "a/0PBZPj+RJXnn8YF5R/0aQFg2UUxAbBW318AGQtK5ABEaXGnR7fZ+LG9wm2lD6QeyyiyojTavU3hYR01ceEw+jAETAHmH79LGK7"
    "ZjFA8Rsp0he3d2XgQHzRabhOQut9Ul+8iWUD0uHc+wuzmaCZ0ZhjieLdJ/gTDRRdR4MPAgMBAAGjUzBRMB0GA1UdDgQWBBRD9S4Y"
    "fhVRY+ECCWbYpfjxlNbHijAfBgNVHSMEGDAWgBRD9S4YfhVRY+ECCWbYpfjxlNbHijAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3"
    "DQEBCwUAA4IBAQALY5nYzrkSZ3P/JLdnvr/txE8Xm0ldbYGU+QiGnVmWfZ63e0puR6b9/CltvHTCuQDUB86E6/koil9RY0JRKD7q"
    "3mnxGvGmrBmdWxHIqoEsxJ5SjJGEUDF2G33QuHUxS2rxdO89rMPHHVZ0MTSGltYYnCZEkwOnc5Nb0itSwPddyuJMCHWvWnJi5WKb"
    "6raL6KFT5bSVfbX2QGAuwJiBI7wj3RVVqk3i3Py6p7Xm8RVKhIuvuEoov8uAKX7j3qQei1+BKt1BKgbC1HAV8I9jAVZ1l/YwmDd3"
    "Rw19YyOGS+hxjjgkaBDfeSeo48Nw1S5cgqfRB0MrDbfL0qnL/wCL+ErC</X509Certificate></X509Data></KeyInfo></Sig"
    "nature></SignatureData></Amai></Extension></Header></FIDAVISTA>"
)
"""AUTHRESP of section 11.4, with the bank's key."""
E11_SIGNED_INFO = (
    '<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-i'
    'nstance"><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></Canon'
    'icalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></S'
    'ignatureMethod><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig'
    '#enveloped-signature"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xm'
    'lenc#sha256"></DigestMethod><DigestValue>ciahTQ8ilA/mOzLjLLdephlYuCJ3zdNNiCNdFW7UYwQ=</DigestValue><'
    "/Reference></SignedInfo>"
)
"""The canonical form of its SignedInfo, as printed."""
E11_DIGEST = "ciahTQ8ilA/mOzLjLLdephlYuCJ3zdNNiCNdFW7UYwQ="

ALL = {"E1": E1, "E2": E2, "E3": E3, "E4": E4, "E10": E10}
"""Messages of section 6."""
OF_DIALECTS = {"E5": E5, "E6": E6, "E7": E7}
"""Messages of sections 11.2 and 11.3."""
