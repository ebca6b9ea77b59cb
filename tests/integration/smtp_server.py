"""A small mail server for tests: takes messages, refuses what a test asks it to, knows AUTH PLAIN."""

import base64
import email
import email.policy
import socketserver
import threading


class SmtpServer:
    def __init__(self, login=None):
        self.messages = []  # (sender, recipients, parsed message, raw bytes)
        self.logins = []
        self.login = login  # (user, password) that is wanted
        self.hang = False   # never answer to DATA

        class Handler(socketserver.StreamRequestHandler):
            def say(handler, line):
                handler.wfile.write(line.encode() + b"\r\n")

            def handle(handler):
                sender, recipients, authorised = None, [], self.login is None
                handler.say("220 test")
                for line in handler.rfile:
                    line = line.decode().rstrip("\r\n")
                    verb = line.upper()
                    if verb.startswith("EHLO"):
                        handler.say("250-test")
                        handler.say("250 AUTH PLAIN")
                    elif verb.startswith("AUTH PLAIN"):
                        data = line[10:].strip()
                        if not data:
                            handler.say("334 ")
                            data = handler.rfile.readline().decode().strip()
                        login = tuple(base64.b64decode(data).decode().split("\0")[1:])
                        self.logins.append(login)
                        authorised = login == self.login
                        handler.say("235 ok" if authorised else "535 wrong")
                    elif verb.startswith("MAIL FROM:"):
                        sender, recipients = line[10:].split(">")[0].strip(" <"), []
                        handler.say("250 ok" if authorised else "530 log in first")
                    elif verb.startswith("RCPT TO:"):
                        address = line[8:].strip(" <>")
                        if address.startswith("nobody"):
                            handler.say("550 no such user")
                        elif address.startswith("later"):
                            handler.say("451 try later")
                        else:
                            recipients.append(address)
                            handler.say("250 ok")
                    elif verb == "DATA":
                        if self.hang:
                            handler.rfile.read()
                            return
                        handler.say("354 go on")
                        raw = b""
                        for part in handler.rfile:
                            if part == b".\r\n":
                                break
                            raw += part[1:] if part.startswith(b".") else part
                        self.messages.append((sender, recipients, email.message_from_bytes(raw, policy=email.policy.default), raw))
                        handler.say("250 taken")
                    elif verb == "QUIT":
                        handler.say("221 bye")
                        return
                    else:
                        handler.say("502 what?")

        class Threading(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Threading(("127.0.0.1", 0), Handler)
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
