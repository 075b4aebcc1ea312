"""Requests that two servers may read differently, each followed by one that must not be read at all (T62)."""

LIMIT = 256 * 1024
"""The longest body, in bytes (T56)."""

MARK = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

CONTENT = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"0\r\n\r\n"
SHAPES = {
    "length and chunked": CONTENT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "chunked and length": CONTENT + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked": CONTENT + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "CHUNKED": CONTENT + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + CHUNKED + MARK,
    "chunked twice": CONTENT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "chunked, identity": CONTENT + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED + MARK,
    "identity": CONTENT + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "gzip, chunked": CONTENT + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED + MARK,
    "xchunked": CONTENT + b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked after tab": CONTENT + b"Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked after vertical tab": CONTENT + b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n" + MARK,
    "chunked in quotes": CONTENT + b'Transfer-Encoding: "chunked"\r\nContent-Length: 5\r\n\r\n' + CHUNKED + MARK,
    "space before colon": CONTENT + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "space before name": CONTENT + b" Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "folded": CONTENT + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "folded length": CONTENT + b"Content-Length:\r\n 5\r\n\r\nabcde" + MARK,
    "name with NUL": CONTENT + b"Transfer-Encoding\x00: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "value with NUL": CONTENT + b"Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "bare line feed": CONTENT + b"X: 1\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "bare carriage return": CONTENT + b"X: 1\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "two lengths": CONTENT + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + MARK,
    "two equal lengths": CONTENT + b"Content-Length: 44\r\nContent-Length: 44\r\n\r\n" + MARK,
    "length list": CONTENT + b"Content-Length: 0, 44\r\n\r\n" + MARK,
    "length with plus": CONTENT + b"Content-Length: +44\r\n\r\n" + MARK,
    "length with minus": CONTENT + b"Content-Length: -1\r\n\r\n" + MARK,
    "length in hex": CONTENT + b"Content-Length: 0x2c\r\n\r\n" + MARK,
    "length with underscore": CONTENT + b"Content-Length: 4_4\r\n\r\n" + MARK,
    "length with fraction": CONTENT + b"Content-Length: 44.0\r\n\r\n" + MARK,
    "length in other digits": CONTENT + "Content-Length: ٤٤\r\n\r\n".encode() + MARK,
    "length empty": CONTENT + b"Content-Length: \r\n\r\n" + MARK,
    "length too long a number": CONTENT + b"Content-Length: 18446744073709551660\r\n\r\n" + MARK,
    "space in length": CONTENT + b"Content-Length: 4 4\r\n\r\n" + MARK,
    "space before length's colon": CONTENT + b"Content-Length : 44\r\n\r\n" + MARK,
    "header without colon": CONTENT + b"Content-Length 44\r\n\r\n" + MARK,
    "header without name": CONTENT + b": 44\r\n\r\n" + MARK,
    "no version": b"GET /\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "version 1.1x": b"GET / HTTP/1.1x\r\nHost: localhost\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "space in target": b"GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n",
}
