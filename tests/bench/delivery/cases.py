"""What is measured: one row a case, and one a target."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    door: str = "ws"
    load: tuple = ()           # arguments of `load`, whatever the server
    seconds: float = 4         # of sending; 0: the number of messages ends it
    publishers: int = 4        # connections that publish
    subscribes: bool = True    # WebSocket: the subscription is part of opening
    settings: tuple = ()       # of Runspool, beside the defaults
    peers: tuple = ("nchan",)  # who is measured beside Runspool
    cores: str = "0"           # the server's; the generator has core 1


EVERYBODY = ("nchan", "node-ws", "fastapi", "pushpin")
FLAT_OUT = ("--subscribers", 1000, "--window", 64)
STEADY = ("--subscribers", 1000, "--rate", 20)
A_STREAM_EACH = ("--subscribers", 2000, "--streams", 2000, "--rate", 2000)
IDLE = ("--subscribers", 10000, "--messages", 1, "--settle", 2000)
CASES = {case.name: case for case in (
    Case("A-ws", "1,000 WebSocket subscribers of one stream, flat out", load=FLAT_OUT, peers=EVERYBODY),
    Case("A-sse", "1,000 SSE subscribers of one stream, flat out", "sse", load=FLAT_OUT),
    Case("A-poll", "1,000 long polls of one stream, flat out", "poll", load=FLAT_OUT),
    Case("A-full", "A-ws with eventlog.sync = full", load=FLAT_OUT, settings=("eventlog.sync=full",), peers=()),
    Case("A-2", "A-ws with two cores for the bridge, one of them the generator's", load=FLAT_OUT, peers=(), cores="0,1"),
    Case("B", "1,000 WebSocket subscribers of one stream, 20 events a second", load=STEADY,
         seconds=10, peers=(*EVERYBODY, "relay")),
    Case("B-2", "B with two cores for the bridge, one of them the generator's", load=STEADY,
         seconds=10, peers=(), cores="0,1"),
    Case("C", "2,000 streams with one WebSocket subscriber each, 2,000 events a second",
         load=A_STREAM_EACH, seconds=7, publishers=8,
         peers=(*EVERYBODY, "relay", "relay-log")),
    Case("C-2", "C with two cores for the bridge, one of them the generator's",
         load=A_STREAM_EACH, seconds=7, publishers=8, peers=(), cores="0,1"),
    Case("C-gather", "C with spool.gather = 10ms: events wait for others, up to 10 ms",
         load=A_STREAM_EACH, seconds=7, publishers=8, settings=("spool.gather=10ms",),
         peers=()),
    Case("D", "10,000 idle WebSockets, then one event", load=IDLE, seconds=0,
         peers=(*EVERYBODY, "floor")),
    Case("D-2", "D with two cores for the bridge, one of them the generator's",
         load=IDLE, seconds=0, peers=(), cores="0,1"),
    Case("F", "ingest, one stream, one WebSocket subscriber, flat out", publishers=8, peers=EVERYBODY),
    Case("F-full", "F with eventlog.sync = full", publishers=8, settings=("eventlog.sync=full",), peers=()),
    Case("F-2", "F with two cores for the bridge, one of them the generator's", publishers=8, peers=(), cores="0,1"),
    Case("F-2000", "ingest, 2,000 streams with one WebSocket subscriber each, flat out",
         load=("--subscribers", 2000, "--streams", 2000), publishers=8),
    Case("connections", "10,000 WebSocket handshakes, 128 at once", load=("--subscribers", 10000, "--messages", 0), seconds=0,
         subscribes=False, peers=EVERYBODY),
)}


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number of a run: how it is found in what `load` prints, and how it is shown."""
    words: str
    unit: str
    path: str
    digits: int = 0
    better: str = "more"


FIGURES = {
    "deliveries": Figure("deliveries/s", "/s", "deliveries_per_s"),
    "cpu": Figure("CPU per delivery", "us", "server.cpu_us_per_delivery", 2, "less"),
    "p50": Figure("p50", "ms", "latency_ms.p50", 2, "less"),
    "p99": Figure("p99", "ms", "latency_ms.p99", 2, "less"),
    "last": Figure("last delivery", "ms", "latency_ms.max", 1, "less"),
    "memory": Figure("memory per connection (PSS)", "bytes", "server.pss_per_connection", 0, "less"),
    "accepted": Figure("accepted/s", "/s", "accepted_per_s"),
    "connections": Figure("connections/s", "/s", "connections_per_s"),
    "connect_cpu": Figure("CPU per connection", "us", "connect_cpu_us", 1, "less"),
    "lost": Figure("lost", "%", "lost_percent", 1, "less"),
}
# What the cases of a letter show in their tables.
SHOWN = {"B": ("p50", "p99", "cpu"), "C": ("p50", "p99", "cpu"), "D": ("memory", "last", "connections"),
         "F": ("deliveries", "accepted", "lost", "cpu"), "connections": ("connections", "connect_cpu")}
SHOWN_ELSE = ("deliveries", "cpu", "p50", "p99")

# The targets: Runspool's figure over nchan's.
TARGETS = (("A-ws", "deliveries", 4), ("A-ws", "cpu", 0.4), ("A-sse", "deliveries", 4), ("A-poll", "deliveries", 2),
           ("B", "p50", 0.8), ("B", "p99", 0.8), ("B", "cpu", 0.8), ("C", "p99", 1.0), ("C", "cpu", 0.7),
           ("D", "memory", 0.5), ("D", "last", 0.8), ("F", "deliveries", 2.5), ("connections", "connections", 0.8))

# The floor: frames written in one system call, messages each subscriber gets.
FLOORS = ((1, 1600), (8, 12000), (64, 24000))


@dataclasses.dataclass(frozen=True)
class Program:
    """A program of tests/bench that measures something of its own and writes {"name", "figures", "units"} with --json FILE, or
    else prints a table that goes into the document as it is. One that is not built is left out."""
    name: str
    title: str
    arguments: tuple = ()
    quick: tuple = ()
    json: bool = True


PROGRAMS = (
    Program("bench_deflate", "Compression on and off, on the lines of a log",
            quick=("--clients", 50, "--seconds", 1, "--events", 200, "--own-rate", 200)),
    Program("bench_gzip", "Server-Sent Events as gzip, on the lines of a log",
            quick=("--clients", 50, "--seconds", 1, "--events", 200, "--own-rate", 200)),
    Program("bench_scale", "From few to many: subscribers of one stream (10 events/s), and streams (500 events/s together)",
            quick=("--subscribers", "10,50", "--streams", "1,50", "--seconds", 1)),
    Program("bench_stuck", "Readers that never read: what they cost the others, and the bridge",
            quick=("--readers", 100, "--stuck", 5, "--seconds", 1, "--rounds", 1, "--megabytes", 24)),
    Program("bench_batch.py", "Several events in one frame, and MessagePack", json=False, arguments=("--rounds", 2),
            quick=("--subscribers", 50, "--rounds", 1, "--seconds", 1)),
    Program("bench_replay", "Many join a long run at once", quick=("--clients", 50, "--events", 500, "--rounds", 1, "--seconds", 1)),
    Program("bench_storm", "All cut off at once, and back", quick=("--clients", 200, "--rounds", 1)),
    Program("bench_leave", "Many are gone at once: what those see who stay", quick=("--clients", 200, "--rounds", 1, "--seconds", 1)),
    Program("bench_log", "Logs of 10 thousand, a million and 10 million events",
            quick=("--events", "2000,20000", "--polls", 20, "--replays", 3, "--seconds", 1, "--trim", 1)),
    Program("bench_soak", "A day's comings and goings in two minutes", arguments=("--seconds", 120),
            quick=("--seconds", 8, "--warm", 1, "--clients", 100, "--rate", 200)),
)
