"""runspool doctor before web servers that are set up badly: it names what is wrong, and what it prints mends it."""

import json
import os
import subprocess

import pytest

from conftest import ALLOW, RUNSPOOL
from sites import some

JWT = (*ALLOW, "auth=jwt", "auth.secret=a secret that is long enough to be one")


def doctor(url, *args):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RUNSPOOL_")}
    done = subprocess.run([RUNSPOOL, "doctor", "--quick", "--json", "--url", url, *args], env=environ, capture_output=True, text=True, timeout=120)
    assert done.stdout, done.stderr
    return done.returncode, {f["check"]: f for f in json.loads(done.stdout)}


def levels(findings):
    return {check: finding["level"] for check, finding in findings.items() if finding["level"] != "good"}


@pytest.mark.parametrize("kind, prefix", [("apache-proxy_fcgi", ""), ("lighttpd", ""), ("nginx-in-front", "/runs")])
def test_nothing_is_wrong(sites, kind, prefix):
    site = sites(kind, prefix)
    status, findings = doctor(site.url, "--data", site.instance.data)
    assert status == 0, findings
    assert not {c for c in levels(findings) if c != "data directory"}, findings
    assert {"data directory", "disk space", "write-ahead log", "database", "bridge", "runner", "REST", "prefix", "Authorization", "polls",
            "WebSocket", "assistant", "SSE", "long poll"} == set(findings)


CASES = [("nginx", "no upgrade, buffered, impatient", "", ALLOW,
          {"WebSocket": "proxy_set_header Upgrade", "assistant": "Upgrade", "SSE": "proxy_buffering off", "long poll": "proxy_read_timeout"}),
         ("lighttpd", "no upgrade, buffered", "", ALLOW,
          {"WebSocket": '"upgrade" => "enable"', "assistant": "upgrade", "SSE": "server.stream-response-body"}),
         ("apache-proxy_fcgi", "no upgrade, impatient", "", ALLOW,
          {"WebSocket": "upgrade=websocket", "assistant": "upgrade", "long poll": "timeout=3600"}),
         ("nginx", "no authorization", "", JWT, {"Authorization": "fastcgi_param HTTP_AUTHORIZATION"}),
         ("apache-proxy_fcgi", "no authorization", "", JWT, {"Authorization": "CGIPassAuth On"}),
         ("nginx-in-front", "no prefix", "/runs", ALLOW, {"prefix": "X-Forwarded-Prefix"}),
         ("apache-proxy_fcgi", "no prefix", "/runs", ALLOW,
          {"WebSocket": "X-Forwarded-Prefix", "assistant": "X-Forwarded-Prefix", "SSE": "X-Forwarded-Prefix", "long poll": "X-Forwarded-Prefix"})]
NORMAL = (0, 4, 5)


@pytest.mark.parametrize("kind, defect, prefix, settings, found", some(CASES, *NORMAL), ids=[f"{c[0]} {c[1]}" for c in some(CASES, *NORMAL)])
def test_what_is_wrong_is_named_and_mended(new_site, kind, defect, prefix, settings, found):
    site = new_site(kind, prefix, settings=settings, defect=defect)
    status, findings = doctor(site.url)
    bad = {check: finding for check, finding in findings.items() if finding["level"] == "bad"}
    assert status == 1 and set(bad) == set(found), findings
    for check, words in found.items():
        assert words in bad[check]["mend"], bad[check]


def test_without_a_bridge(sites):
    site = sites("nginx", "/runs", False)
    status, findings = doctor(site.url, "--data", site.instance.data)
    assert status == 1 and findings["bridge"]["level"] == "warning" and "polls" not in levels(findings)
    assert "bridge" in findings["WebSocket"]["message"] and "SSE" not in findings


def test_an_address_that_leads_elsewhere(sites):
    site = sites("nginx", "/runs", False)
    status, findings = doctor(site.origin)
    assert status == 1 and list(findings) == ["REST"] and "sub-path" in findings["REST"]["mend"]
    status, findings = doctor("http://127.0.0.1:9")
    assert status == 1 and "cannot connect" in findings["REST"]["message"]


def test_a_folder_where_nothing_has_run_yet(tmp_path):
    (tmp_path / "runspool.conf").write_text("auth = jwt\nauth.secret = short\n")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RUNSPOOL_")}
    done = subprocess.run([RUNSPOOL, "doctor", "--json", "--data", tmp_path], env=environ, capture_output=True, text=True, timeout=60)
    findings = {f["check"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 0 and findings["write-ahead log"]["level"] == "good", findings
    assert findings["auth.secret"]["level"] == "warning" and "32 bytes" in findings["auth.secret"]["mend"]
    assert not list(tmp_path.glob("doctor-*")), "it leaves nothing"
