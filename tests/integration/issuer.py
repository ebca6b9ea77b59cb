"""An independent issuer of tokens (python3-jwt), and a server of its public keys."""

import contextlib
import http.server
import json
import threading
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SECRET = "a secret that is long enough for HS256"


def claims(org="acme", sub="ann", scope=None, ttl=600, **more):
    given = {"org": org, "sub": sub, "scope": scope, "exp": None if ttl is None else time.time() + ttl, **more}
    return {name: value for name, value in given.items() if value is not None}


def hs256(secret=SECRET, headers=None, **more):
    return jwt.encode(claims(**more), secret, algorithm="HS256", headers=headers)


class Key:
    """A key pair of "RS256" or "ES256"."""

    def __init__(self, alg, kid=None, bits=2048):
        self.alg, self.kid = alg, kid
        self.private = (rsa.generate_private_key(65537, bits) if alg == "RS256"
                        else ec.generate_private_key(ec.SECP256R1()))

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def private_pem(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()).decode()

    def jwk(self, **more):
        algorithm = jwt.algorithms.RSAAlgorithm if self.alg == "RS256" else jwt.algorithms.ECAlgorithm
        if self.alg == "RS256":
            key = json.loads(algorithm.to_jwk(self.private.public_key()))
        else:
            numbers = self.private.public_key().public_numbers()
            key = {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
        key.pop("key_ops", None)
        return {**key, **({"kid": self.kid} if self.kid else {}), **more}

    def token(self, headers=None, **more):
        head = {**({"kid": self.kid} if self.kid else {}), **(headers or {})}
        return jwt.encode(claims(**more), self.private, algorithm=self.alg, headers=head)


def _coordinate(n):
    return jwt.utils.base64url_encode(n.to_bytes(32, "big")).decode()


def jwks(*keys):
    return json.dumps({"keys": [key.jwk() if isinstance(key, Key) else key for key in keys]})


class KeyServer:
    """Serves `text` at url, with `status`; counts how often it was asked."""

    def __init__(self, text):
        self.text, self.status, self.asked, self.headers = text, 200, 0, {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = outer.text.encode()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
