"""What a connection fails of: a closed list of causes, the same words for every server that Tidemark talks to."""

from enum import StrEnum
from typing import Self

_PROXY = "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"


class Cause(StrEnum):
    """One cause: its value is the word in metrics. `sentence` goes on where a server's name began.

    `hint` is the next step; `transient` says whether it may pass by itself.
    """

    sentence: str
    hint: str
    transient: bool

    def __new__(cls, word: str, sentence: str, hint: str, transient: bool = True) -> Self:
        """Make a member of a word, its sentence and its next step."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence, member.hint, member.transient = sentence, hint, transient
        return member

    NAME = "name", "its name cannot be resolved", "Check the address, and the DNS of this machine"
    ROUTE = "route", "there is no route to it", "Check the network of this machine: its routes, gateway and subnet"
    PORT = "port", "the connection was refused", "Check that the server runs, its port, and the firewall"
    TIME_OUT = "time_out", "no answer came in time", ("Check the address, the firewall (a security group drops what it "
                                                      "does not allow), and whether a proxy is needed")  # fmt: skip
    CUT = "cut", "the connection was cut", "Check the address, the network and the proxy settings"
    TLS = "tls", "a TLS handshake or record failed", "Check that the address and its port speak TLS"
    CERTIFICATE = ("certificate", "its certificate is not trusted",
                   ("Set AWS_CA_BUNDLE, SSL_CERT_FILE or sslrootcert to the right authority, and check the host's name "
                    "and this machine's clock"), False)  # fmt: skip
    PROXY_NAME = "proxy_name", "the name of the proxy cannot be resolved", _PROXY
    PROXY_ROUTE = "proxy_route", "there is no route to the proxy", _PROXY
    PROXY_PORT = "proxy_port", "the proxy refused the connection", _PROXY
    PROXY_TIME_OUT = "proxy_time_out", "no answer came in time through the proxy", _PROXY
    PROXY_LOGIN = ("proxy_login", "the proxy asks for a user and a password (HTTP 407)",
                   "Write HTTPS_PROXY as http://USER:PASSWORD@HOST:PORT")  # fmt: skip
    PROXY_FAILED = "proxy_failed", "the proxy opened no way to it", _PROXY

    @property
    def proxied(self) -> "Cause | None":
        """Return what the cause is where the connection went to a proxy first; None where that is the same."""
        return _PROXIED.get(self)


_PROXIED = {
    Cause.NAME: Cause.PROXY_NAME,
    Cause.ROUTE: Cause.PROXY_ROUTE,
    Cause.PORT: Cause.PROXY_PORT,
    Cause.TIME_OUT: Cause.PROXY_TIME_OUT,
}
