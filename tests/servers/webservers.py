"""Apache, lighttpd and nginx as a user would run them: the files of contrib/ with a few values changed, real programs
behind them, and none of it as root."""

import concurrent.futures
import contextlib
import grp
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from conftest import ALLOW, BUILD, RUNSPOOL, SOURCE, Instance, free_port, wait_until

CONTRIB = SOURCE / "contrib"
# A test run by root starts the servers as somebody else, who shares the data directory by its group.
AS_ROOT = os.getuid() == 0
SERVER_USER = "www-data" if AS_ROOT else pwd.getpwuid(os.getuid()).pw_name
STOP_S = 1  # Apache would give connections through it ten seconds
RUN_AS = {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if AS_ROOT else {}


def find(*names):
    """A server's program; Debian keeps them where users have no PATH."""
    for name in names:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


def give(path):
    """Let the server's user in, by group."""
    if AS_ROOT:
        os.chown(path, -1, grp.getgrnam(SERVER_USER).gr_gid)


def shared_folder(path):
    path.mkdir()
    give(path)
    path.chmod(0o2770)
    return path


def change(text, *pairs):
    for old, new in pairs:
        assert old in text, f"{old!r} is not in the configuration"
        text = text.replace(old, str(new))
    return text


class SiteInstance(Instance):
    """A Runspool whose web server is somebody else's."""

    def __init__(self, folder, *, bridge=True, settings=ALLOW, up=()):
        self.folder = folder
        self.data = shared_folder(folder / "data")
        self.sockets = shared_folder(folder / "sockets")
        self.without = [] if bridge else ["bridge"]
        # In the file, because programs that the web server starts know nothing of our environment.
        (self.data / "runspool.conf").write_text("".join(f"{setting}\n" for setting in settings))
        give(self.data / "runspool.conf")
        self.environ = {**os.environ, "RUNSPOOL_DATA": str(self.data), "NO_COLOR": "1"}
        self.up_arguments = list(up)
        self.url = ""
        self.up()

    def up(self):
        args = ["up", "--detach", *self.up_arguments]
        for program in self.without:
            args += ["--without", program]
        self.cli(*args)

    def close(self):
        self.cli("down", check=False)


class Server:
    """One server program with its Runspool. A kind says what its configuration is and how it is started."""

    kind = ""
    modules = ()

    def __init__(self, prefix="", bridge=True, settings=ALLOW, defect=""):
        self.prefix, self.bridge, self.defect = prefix, bridge, defect
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rs-site-"))
        self.folder.chmod(0o755)
        self.instance = self.process = None
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = self.origin + prefix
        for name in ("tmp", "log"):
            shared_folder(self.folder / name)
        (self.folder / "empty").mkdir()
        self.program = self.find_program()
        try:
            self.instance = SiteInstance(self.folder, bridge=bridge, settings=settings, up=self.up_arguments())
            self.instance.url = self.url
            self.start()
        except BaseException:
            self.close()
            raise

    # What kinds differ in.

    def find_program(self):
        raise NotImplementedError

    def up_arguments(self):
        return ["--sockets", self.folder / "sockets"]

    def command(self):
        raise NotImplementedError

    def write(self):
        raise NotImplementedError

    reload_signal = signal.SIGHUP
    stop_signal = signal.SIGTERM

    # What they share.

    @property
    def htdocs(self):
        """The dashboard where the server's user can read it."""
        target = self.folder / "htdocs"
        if not target.exists():
            shutil.copytree(BUILD / "webroot", target)
            for path in [target, *target.rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
        return target

    @property
    def programs(self):
        """The FastCGI programs where the server's user can run them."""
        target = self.folder / "libexec"
        if not target.exists():
            target.mkdir()
            for name in ("fcgi/api.fcgi", "fcgi/events.fcgi", "fcgi/hook.fcgi", "runner/runspool-runner"):
                shutil.copy(BUILD / name, target)
        return target

    def start(self):
        self.write()
        if self.defect:
            config = self.folder / getattr(self, "snippet", "runspool.conf")
            config.write_text(change(config.read_text(), *(pair for name in self.defect.split(", ") for pair in DEFECTS[self.program_name()][name])))
        with open(self.folder / "log" / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **RUN_AS,
                                            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.folder / "tmp")})
        wait_until(self.accepts, what=self.kind)

    def program_name(self):
        return pathlib.Path(self.program).name

    def accepts(self):
        assert self.process.poll() is None, self.logs()
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self):
        """Have it read its configuration again, as an administrator would."""
        self.process.send_signal(self.reload_signal)

    def logs(self):
        text = "".join(f"--- {p.name}\n{p.read_text(errors='replace')[-3000:]}\n"
                       for p in sorted((self.folder / "log").iterdir()) if p.is_file())
        return text + (self.instance.logs() if self.instance else "")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_S)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self):
        self.stop()
        if self.instance:
            self.instance.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# What people leave out or get wrong, by server: (what stands there, what stands there instead).
DEFECTS = {
    "nginx": {
        "no upgrade": [("    proxy_set_header Upgrade $http_upgrade;\n", "")],
        # Compressing what the bridge, not asked to, has not.
        "buffered": [("    proxy_buffering off;\n", "    proxy_ignore_headers X-Accel-Buffering;\n    gzip_types text/event-stream;\n    gzip_proxied any;\n    gzip_http_version 1.0;\n"
                      '    proxy_set_header Accept-Encoding "";\n')],
        "impatient": [("proxy_read_timeout 3600s", "proxy_read_timeout 1s")],
        "no authorization": [("fastcgi_max_temp_file_size 0;\n", 'fastcgi_max_temp_file_size 0;\n    fastcgi_param HTTP_AUTHORIZATION "";\n')],
        "no prefix": [("    proxy_set_header X-Forwarded-Prefix /runs;\n", "")],
    },
    "lighttpd": {
        "no upgrade": [('"upgrade" => "enable", ', "")],
        "buffered": [("    server.stream-response-body = 2\n", "")],
        "no prefix": [(', "map-urlpath" => ( var.runspool_at => "/" )', "")],
    },
    "apache2": {
        "no upgrade": [(" upgrade=websocket", "")],
        "impatient": [("timeout=3600", "timeout=1")],
        "no authorization": [("    CGIPassAuth On\n", "")],
        "no prefix": [("    RequestHeader set X-Forwarded-Prefix ${RUNSPOOL_AT}\n", "")],
    },
}

APACHE_MAIN = """
ServerRoot "{folder}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{folder}/tmp/apache.pid"
DefaultRuntimeDir "{folder}/tmp"
Mutex file:{folder}/tmp default
ErrorLog "{folder}/log/error.log"
LogLevel warn
DocumentRoot "{folder}/empty"
TypesConfig /etc/mime.types
{modules}
StartServers 1
<Directory />
    Require all denied
    AllowOverride None
</Directory>
<Directory "{folder}/empty">
    Require all granted
</Directory>
IncludeOptional "{folder}/more.conf"
Include "{folder}/runspool.conf"
"""
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
APACHE_ALWAYS = ("mpm_event", "authz_core", "mime", "dir", "alias", "headers", "env", "filter", "deflate", "proxy",
                 "proxy_http")
# What Debian's mods-enabled/deflate.conf compresses.
APACHE_MORE = """AddOutputFilterByType DEFLATE text/html text/plain text/xml text/css text/javascript
AddOutputFilterByType DEFLATE application/json application/javascript
"""


class Apache(Server):
    configuration = "apache/runspool.conf"
    modules = ("proxy_fcgi",)
    reload_signal = signal.SIGUSR1

    def find_program(self):
        return find("apache2", "httpd")

    def values(self):
        return [("Define RUNSPOOL_SOCKETS /run/runspool", f"Define RUNSPOOL_SOCKETS {self.folder}/sockets"),
                ("Define RUNSPOOL_HTDOCS /usr/local/share/runspool/htdocs", f"Define RUNSPOOL_HTDOCS {self.htdocs}"),
                ("Define RUNSPOOL_AT /\n", f"Define RUNSPOOL_AT {self.prefix}/\n")]

    def write(self):
        modules = {name: APACHE_MODULES / f"mod_{name}.so" for name in (*APACHE_ALWAYS, *self.modules)}
        missing = [name for name, path in modules.items() if not path.exists()]
        if missing:
            pytest.skip(f"Apache has no {', '.join(missing)}")
        load = "\n".join(f"LoadModule {name}_module {path}" for name, path in modules.items())
        (self.folder / "apache.conf").write_text(APACHE_MAIN.format(folder=self.folder, port=self.port, modules=load))
        (self.folder / "more.conf").write_text(APACHE_MORE)
        (self.folder / "runspool.conf").write_text(change((CONTRIB / self.configuration).read_text(), *self.values()))

    def command(self):
        return [self.program, "-D", "FOREGROUND", "-f", str(self.folder / "apache.conf")]


class ApacheProxy(Apache):
    kind = "apache-proxy_fcgi"


class ApacheKeeps(Apache):
    """Its connections to the bridge are used again, though not for longer than the bridge leaves them open."""
    kind = "apache-keeps"

    def values(self):
        return [*super().values(), (" disablereuse=on", " enablereuse=on ttl=50")]


class ApacheFcgid(Apache):
    kind = "apache-fcgid"
    configuration = "apache/runspool-fcgid.conf"
    modules = ("fcgid",)

    def up_arguments(self):
        return ["--without", "web", "--listen", "127.0.0.1:0"]

    def values(self):
        return [("Define RUNSPOOL_DATA /var/lib/runspool", f"Define RUNSPOOL_DATA {self.folder}/data"),
                ("Define RUNSPOOL_PROGRAMS /usr/local/libexec/runspool", f"Define RUNSPOOL_PROGRAMS {self.programs}"),
                *super().values()[1:]]

    def write(self):
        super().write()
        with open(self.folder / "more.conf", "a") as more:  # Debian's are in /var/lib/apache2/fcgid
            more.write(f"FcgidInitialEnv RUNSPOOL_PROGRAMS {self.programs}\nFcgidIPCDir {self.folder}/tmp\nFcgidProcessTableFile {self.folder}/tmp/fcgid_shm\n")


class ApacheCgi(Apache):
    """A shared host: the server is the host's, ours is a folder with an .htaccess."""
    kind = "apache-cgi"
    configuration = "apache/htaccess"
    modules = ("cgid", "rewrite", "proxy_wstunnel")

    def up_arguments(self):
        self.bridge_port = free_port()
        return ["--without", "web", *(["--listen", f"127.0.0.1:{self.bridge_port}"] if self.bridge else [])]

    def values(self):
        pairs = [("SetEnv RUNSPOOL_DATA /home/me/runspool", f"SetEnv RUNSPOOL_DATA {self.folder}/data"),
                 ("SetEnv RUNSPOOL_PROGRAMS /home/me/runspool-programs", f"SetEnv RUNSPOOL_PROGRAMS {self.programs}")]
        if self.bridge:
            pairs += [("#RewriteCond", "RewriteCond"), ("#RewriteRule", "RewriteRule"),
                      ("127.0.0.1:8090", f"127.0.0.1:{self.bridge_port}")]
        return pairs

    def write(self):
        super().write()
        home = self.folder / "public_html"
        target = home / self.prefix.strip("/") if self.prefix else home
        if not target.exists():
            shutil.copytree(self.htdocs, target, dirs_exist_ok=True)
            for name in ("api", "events", "hook"):
                shutil.copy(BUILD / "fcgi" / f"{name}.fcgi", target / f"{name}.cgi")
        shutil.move(self.folder / "runspool.conf", target / ".htaccess")
        (self.folder / "runspool.conf").write_text(f'ScriptSock "{self.folder}/tmp/cgisock"\nDocumentRoot "{home}"\n'
                                                   f'<Directory "{home}">\nRequire all granted\nAllowOverride All\n</Directory>\n')


class ApacheInFront(Apache):
    kind = "apache-in-front"
    configuration = "apache/runspool-in-front.conf"

    def up_arguments(self):
        return ["--listen", "127.0.0.1:0"]

    def values(self):
        address = (self.folder / "data" / "run" / "web.url").read_text().strip().removeprefix("http://")
        return [("RUNSPOOL_ADDRESS 127.0.0.1:8080", f"RUNSPOOL_ADDRESS {address}"),
                ("Define RUNSPOOL_AT /runs/", f"Define RUNSPOOL_AT {self.prefix}/")]


LIGHTTPD_MAIN = """
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}/empty"
server.errorlog = "{folder}/log/error.log"
server.upload-dirs = ( "{folder}/tmp" )
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect" )
server.feature-flags += ( "server.graceful-shutdown-timeout" => 2 )
include "{folder}/runspool.conf"
"""


class Lighttpd(Server):
    kind = "lighttpd"
    reload_signal = signal.SIGUSR1
    stop_signal = signal.SIGINT

    def find_program(self):
        return find("lighttpd")

    def write(self):
        (self.folder / "lighttpd.conf").write_text(LIGHTTPD_MAIN.format(folder=self.folder, port=self.port))
        (self.folder / "runspool.conf").write_text(change(
            (CONTRIB / "lighttpd/runspool.conf").read_text(), ("/run/runspool", f"{self.folder}/sockets"),
            ("/usr/local/share/runspool/htdocs", self.htdocs),
            ('var.runspool_at = "/"', f'var.runspool_at = "{self.prefix}/"')))

    def command(self):
        return [self.program, "-D", "-f", str(self.folder / "lighttpd.conf")]


NGINX_MAIN = """
daemon off;
worker_processes 1;
pid {folder}/tmp/nginx.pid;
error_log {folder}/log/error.log warn;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    gzip on;
    {paths}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/empty;
        include {folder}/{snippet};
    }}
}}
"""


class Nginx(Server):
    kind = "nginx"
    stop_signal = signal.SIGQUIT
    snippet = "runspool.conf"

    def find_program(self):
        return find("nginx")

    def write_snippet(self):
        shutil.copy(CONTRIB / "nginx" / self.snippet, self.folder)
        change((self.folder / self.snippet).read_text(), ("/run/runspool", ""), ("/usr/local/share/runspool/htdocs", ""))
        subprocess.run(["sed", "-i", f"s,/run/runspool,{self.folder}/sockets,; s,/usr/local/share/runspool/htdocs,{self.htdocs},",
                        self.folder / self.snippet], check=True)
        if self.prefix:  # as the file itself says
            command = re.search(r"^#\s+(sed -i -E '.*') /etc", (self.folder / self.snippet).read_text(), re.M)[1]
            subprocess.run(command.replace("/runs", self.prefix) + f" {self.folder}/{self.snippet}", shell=True, check=True)

    def write(self):
        self.write_snippet()
        shutil.copy("/etc/nginx/fastcgi_params", self.folder)
        paths = " ".join(f"{kind}_temp_path {self.folder}/tmp/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=self.folder, port=self.port, paths=paths,
                                                                  snippet=self.snippet))

    def command(self):
        return [self.program, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "log/error.log")]


class NginxKeeps(Nginx):
    """Its connections to the bridge are used again."""
    kind = "nginx-keeps"

    def write(self):
        super().write()
        for name, pairs in ((self.snippet, [(f"proxy_pass http://unix:{self.folder}/sockets/bridge.sock;", "proxy_pass http://bridge;"),
                                            ("proxy_set_header Connection $http_connection;", "proxy_set_header Connection $to_bridge;")]),
                            ("nginx.conf", [("    server {\n", f"""    upstream bridge {{
        server unix:{self.folder}/sockets/bridge.sock;
        keepalive 16;
        keepalive_timeout 50s;
    }}
    map $http_upgrade $to_bridge {{
        default upgrade;
        "" "";
    }}
    server {{\n""")])):
            path = self.folder / name
            path.write_text(change(path.read_text(), *pairs))


class NginxInFront(Nginx):
    kind = "nginx-in-front"
    snippet = "runspool-in-front.conf"

    def up_arguments(self):
        return ["--listen", "127.0.0.1:0"]

    def write_snippet(self):
        address = (self.folder / "data" / "run" / "web.url").read_text().strip().removeprefix("http://")
        text = change((CONTRIB / "nginx" / self.snippet).read_text(), ("proxy_pass http://127.0.0.1:8080/;", f"proxy_pass http://{address}/;"))
        (self.folder / self.snippet).write_text(text.replace("/runs", self.prefix))


class Own(Server):
    """`runspool up` with the lighttpd it starts itself."""
    kind = "runspool-up"

    def find_program(self):
        return find("lighttpd")

    def up_arguments(self):
        return ["--listen", "127.0.0.1:0"]

    def start(self):
        self.url = (self.folder / "data" / "run" / "web.url").read_text().strip()
        self.origin, self.instance.url = self.url, self.url

    def reload(self):
        self.instance.cli("restart", "web")


KINDS = {k.kind: k for k in (ApacheProxy, ApacheKeeps, ApacheFcgid, ApacheCgi, ApacheInFront, Lighttpd, Nginx, NginxKeeps, NginxInFront, Own)}


class Sites:
    """Servers that are ended together."""

    def __init__(self):
        self.made = {}
        self.more = []

    def get(self, kind, prefix="", bridge=True):
        key = kind, prefix, bridge
        if key not in self.made:
            self.made[key] = KINDS[kind](prefix, bridge)
        return self.made[key]

    def new(self, kind, prefix="", bridge=True, **more):
        self.more.append(KINDS[kind](prefix, bridge, **more))
        return self.more[-1]

    def close(self):
        servers = [*self.made.values(), *self.more]
        with concurrent.futures.ThreadPoolExecutor(len(servers) or 1) as pool:
            list(pool.map(lambda server: server.close(), servers))
