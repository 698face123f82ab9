"""A mail server on loopback, Debian's aiosmtpd, with TLS, a certificate of its own and a password.

    server = MailServer(directory)
    server.settings()   for the gateway's file
    server.mails        what it took: [Mail]
    server.plays        what it does with the next mails: "451", "550" (to a recipient), "554" (to the text), "lose" (takes
                        the mail, and ends the connection without a reply); then it takes them
    server.stop()
"""

import email
import email.policy
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from harness import free_port

USER, PASSWORD = "office@example.cn", "mail-password-that-is-in-no-log"


class Mail:
    def __init__(self, envelope, session):
        self.sender, self.to, self.raw = envelope.mail_from, envelope.rcpt_tos, envelope.content
        self.tls, self.signed_in = session.ssl is not None, session.authenticated
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)

    def text(self):
        part, = self.message.iter_parts()
        assert (part.get_content_type(), part.get_content_charset()) == ("text/plain", "utf-8")
        return part.get_content().strip()


class MailServer:
    def __init__(self, directory, tls=True):
        self.directory, self.tls, self.plays, self.mails, self.sessions = directory, tls, [], [], 0
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", directory / "key.pem", "-out",
                        self.certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, directory / "key.pem")
        server = self

        class Server(Controller):
            def factory(self):
                server.sessions += 1
                more = {"tls_context": context, "require_starttls": True, "auth_required": True} if tls else {}
                return SMTP(server, authenticator=server.authenticate, auth_require_tls=tls, **more)

        self.port = free_port()
        self.controller = Server(None, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        self.sessions = 0  # its own look whether it is there

    def settings(self, **more):
        signed_in = {"user": USER, "password": PASSWORD, "ca_file": str(self.certificate)} if self.tls else {}
        return {"driver": "smtp", "url": f"smtp://localhost:{self.port}", "from": USER} | signed_in | more

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    def play(self, *wanted):
        return self.plays.pop(0) if self.plays and self.plays[0] in wanted else None

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if play := self.play("451", "550"):
            return f"{play} words about {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        play = self.play("554", "lose")
        if play == "554":
            return "554 it is spam"
        self.mails.append(Mail(envelope, session))
        if play == "lose":
            server.transport.abort()
        return "250 OK"

    def to(self, address):
        return [mail for mail in self.mails if mail.to == [address]]

    def stop(self):
        self.controller.stop()
