"""A web site for scrapes: 20 list pages of 9 items each, in several encodings, with redirects and what crawlers fall for."""

import collections
import gzip
import http.server
import threading
import time
import urllib.parse

LISTS, PER_LIST = 20, 9
ITEMS = LISTS * PER_LIST

ROBOTS = """User-agent: *
Disallow: /

# The group of this agent counts instead of the one above.
User-agent: RUNSPOOL
Disallow: /secret*
Disallow: /*.cgi$
Allow: /secret-not
"""


def item(n):
    return {"n": n, "name": f"Café № {n}" if n % 3 and n % 7 else f"Café “{n}”" if n % 7 == 0 else f"Café élégant {n}",
            "price": n + 0.5, "tags": ["odd" if n % 2 else "even", f"t{n % 5}"]}


def page(title, body, charset=""):
    return f"<!doctype html><html><head>{charset}<title>{title}</title></head><body>{body}</body></html>"


def list_page(n):
    links = []
    for i in range((n - 1) * PER_LIST + 1, n * PER_LIST + 1):
        path = f"/old/{i}" if i % 10 == 0 else f"/item/{i}?b=2&a=1" if i % 4 == 0 else f"item/{i}?a=1&b=2" if i % 4 == 1 else f"/./x/../item/{i}?a=1&b=2#top"
        links.append(f"<li class='entry'><a class='item' href=\"{path.replace('&', '&amp;')}\">item {i}</a></li>")
    after = f"<a rel=next class=next href='?page={n + 1}'>more</a>" if n < LISTS else ""
    traps = f"""<a href="/secret/{n}">s</a> <a href="/run.cgi">c</a> <a href="/calendar/{n}/0">c</a> <a href="/loop/">l</a>
        <a href="http://elsewhere.invalid/">e</a> <a href="/picture.png">p</a> <a href="mailto:a@b.invalid">m</a> <a href="/notes">t</a>
        <a href="/gone/{n}">g</a> <a href="/same/{n}">d</a> <a href="javascript:void(0)">j</a> <a href="/away">a</a>"""
    return page(f"List {n}", f"<ul>{''.join(links)}</ul>{after}{traps}")


def item_page(n):
    it = item(n)
    tags = "".join(f"<span class=tag>{t}</span>" for t in it["tags"])
    return page(f"Item {n}", f"""<div id=main class="item box"><h1> {it['name']}
        </h1><p>No. <b class=number>{n}</b></p><p class="price" data-amount="{it['price']}">{it['price']} EUR</p>{tags}</div>
        <script>var html = "<div class=item>none</div>";</script><a href="/list?page=1">back</a>""",
                "<meta charset=windows-1252>" if n % 7 == 0 else "")


class Site:
    """The site on a loopback port: `with Site() as site`."""

    def __init__(self, extra=None, delay=0.0):
        self.asked = collections.Counter()  # by path and query
        self.times = []                     # when, in order
        self.agents = set()
        self.extra = extra or {}            # path: (status, headers, body) or a function of the handler giving that
        self.delay = delay
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                with site.lock:
                    site.asked[self.path] += 1
                    site.times.append(time.monotonic())
                    site.agents.add(self.headers["User-Agent"])
                    site.at_once += 1
                    site.most_at_once = max(site.most_at_once, site.at_once)
                time.sleep(site.delay)
                status, headers, body = site.answer(self)
                with site.lock:
                    site.at_once -= 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *args):
                pass  # a client that was cancelled

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler):
        path, _, query = handler.path.partition("?")
        parameters = dict(urllib.parse.parse_qsl(query))
        first, *rest = path.strip("/").split("/")
        if handler.path in self.extra:
            extra = self.extra[handler.path]
            return extra(handler) if callable(extra) else extra
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, ROBOTS.encode()
        if first == "list":
            return self.html(list_page(int(parameters.get("page", 1))))
        if first == "item" and rest and 1 <= int(rest[0]) <= ITEMS:
            n = int(rest[0])
            if n % 7 == 0:
                return self.html(item_page(n), "windows-1252", "text/html", n % 2 == 0)
            if n % 3 == 0:
                return self.html(item_page(n), "latin-1", "text/html; charset=ISO-8859-1", n % 2 == 0)
            return self.html(item_page(n), "utf-8", "text/html; charset=utf-8", n % 2 == 0)
        if first == "old":
            return 301, {"Location": f"/older/{rest[0]}"}, b""
        if first == "older":
            return 302, {"Location": f"/item/{rest[0]}?a=1&b=2"}, b""
        if first == "calendar":
            month = int(rest[1])
            return self.html(page(f"Month {month}", f"<a href='/calendar/{rest[0]}/{month + 1}'>next month</a> {rest[0]}"))
        if first == "loop":
            return self.html(page("Loop", f"<a href='loop/'>deeper</a> {path}"))
        if first == "same":
            return self.html(page("Same", "<a href='/same/again'>the same</a>"))
        if first == "notes":
            return 200, {"Content-Type": "text/plain"}, b"no page"
        if first == "away":
            return 302, {"Location": "http://elsewhere.invalid/"}, b""
        return 404, {"Content-Type": "text/html"}, b"<h1>Not here</h1>"

    @staticmethod
    def html(text, charset="utf-8", content_type="text/html; charset=utf-8", packed=False):
        body = text.encode(charset)
        headers = {"Content-Type": content_type}
        if packed:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return 200, headers, body

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
