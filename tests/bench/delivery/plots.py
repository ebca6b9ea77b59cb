"""The pictures of docs/BENCHMARKS.md: SVG by gnuplot, in colours that follow the reader's light or dark theme."""

import re
import subprocess

from cases import FLOORS
from measure import summary
from peers import SERVERS

OURS, THEIRS, FLOOR = "#2f81f7", "#8b949e", "#c9a227"
LINES = {"runspool": OURS, "nchan": "#d9822b", "node-ws": "#3fa45b", "fastapi": "#a371f7", "pushpin": THEIRS, "relay": FLOOR}
INK, FAINT = "#010203", "#040506"  # stand for the theme's colours until the picture is drawn
STYLE = """<style>
svg { color: #1f2328; font-family: system-ui, "Segoe UI", "Noto Sans", sans-serif; }
.paper { fill: #ffffff; } .faint { stroke: #d8dee4; }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3; } .paper { fill: #0d1117; } .faint { stroke: #30363d; } }
</style>
<rect class="paper" width="100%" height="100%" rx="8"/>"""
WIDTH = 760


def gnuplot(path, height, title, script):
    """Run a script with the terminal and the title set, then give ink and grid the theme's colours."""
    # Sizes: a fixed viewBox, as wide as the page lets it be.
    setup = f'set terminal svg size {WIDTH},{height} dynamic font "system-ui,13" noenhanced\nset output "{path}"\n' \
            f'set border lc rgb "{INK}"\nset tics textcolor rgb "{INK}" nomirror\nset label 1 "{title}" at screen 0.02,{1 - 22 / height} left textcolor rgb "{INK}" font ",15"\n' \
            f'set key textcolor rgb "{INK}"\nset xlabel textcolor rgb "{INK}"\nset ylabel textcolor rgb "{INK}"\n'
    subprocess.run(["gnuplot"], input=setup + script, text=True, check=True)
    text = path.read_text()
    text = re.sub(r"""stroke=.rgb\( *4, *5, *6\).( class="gridline")?""", 'class="faint"', text)
    text = re.sub(r"rgb\( *1, *2, *3\)", "currentColor", text)
    text = text.replace('color="black"', "")
    head = text.index(">", text.index("<svg")) + 1
    path.write_text(text[:head] + "\n" + STYLE + text[head:])


def bars(path, title, rows):
    """Horizontal bars with their numbers: rows of (label, (median, low, high), colour, number as text)."""
    top = max(row[1][2] for row in rows)
    data = "\n".join(f'"{label}" {len(rows) - i} {middle} {low} {high} {int(colour[1:], 16)} "{text}"'
                     for i, (label, (middle, low, high), colour, text) in enumerate(rows))
    gnuplot(path, 56 + 28 * len(rows), title, f"""
$rows << END
{data}
END
set border 0
unset key
set lmargin 22
set rmargin 3
set tmargin 3
set bmargin 0.5
set yrange [0.4:{len(rows) + 0.6}]
set xrange [0:{top * 1.22}]
unset xtics
set ytics scale 0
set style fill solid 1 noborder
plot $rows using (0):2:(0):3:($2-0.32):($2+0.32):6:ytic(1) with boxxyerror lc rgb variable, \
     $rows using 4:2:($5-$4):(0) with vectors nohead lw 1.5 lc rgb "{INK}", \
     $rows using 5:2:7 with labels left offset character 0.7,0 tc rgb "{INK}"
""")


LINE_PLOT = f"""set grid lc rgb "{FAINT}" lt 1
set border 3
set key outside right top reverse Left
set tmargin 3
set format y "%g"
"""


def curves(path, title, lines):
    """Latency against the share of deliveries that were faster, a nine each step: lines of (title, colour, [[percent, ms]...])."""
    blocks = "".join(f"$line{i} << END\n" + "\n".join(f"{10 * j} {ms}" for j, (_, ms) in enumerate(points) if j <= 30 and ms > 0) + "\nEND\n"
                     for i, (_, _, points) in enumerate(lines))
    parts = ", ".join(f'$line{i} using 1:2 with lines lw 2.5 lc rgb "{colour}" title "{name}"'.replace("`", "") for i, (name, colour, _) in enumerate(lines))
    gnuplot(path, 380, title, blocks + f"""
set logscale y
set ylabel "ms" rotate by 0
set xrange [0:300]
set xtics ("0 %%" 0, "50 %%" 30.1, "90 %%" 100, "99 %%" 200, "99.9 %%" 300)
{LINE_PLOT}
plot {parts}
""")


def growth(path, title, lines):
    """Latency against a number that grows, both in logarithms: lines of (title, colour, dash type, [[number, ms]...])."""
    blocks = "".join(f"$line{i} << END\n" + "\n".join(f"{x} {ms}" for x, ms in points) + "\nEND\n" for i, (*_, points) in enumerate(lines))
    parts = ", ".join(f'$line{i} using 1:2 with linespoints lw 2.5 pt 7 ps 0.5 dt {dash} lc rgb "{colour}" title "{name}"'
                      for i, (name, colour, dash, _) in enumerate(lines))
    gnuplot(path, 380, title, blocks + f"""
set logscale xy
set ylabel "ms" rotate by 0
set xrange [1:20000]
set yrange [0.05:]
set xtics ("1" 1, "10" 10, "100" 100, "1,000" 1000, "10,000" 10000)
{LINE_PLOT}
plot {parts}
""")


def scale(figures):
    """The lines of bench_scale: for each of its two numbers p99 and p50."""
    lines = []
    for what, words, colour in (("subscribers of one stream", "subscribers", OURS), ("streams with one subscriber each", "streams", FLOOR)):
        for column, dash in (("p99", 1), ("p50", 3)):
            points = [[int(figure["name"].split(": ")[1].split()[0]), figure["value"]] for figure in figures
                      if figure["name"].startswith(column) and figure["name"].endswith(what)]
            lines.append((f"{words}, {column}", colour, dash, points))
    return lines


def short(value):
    """1,230,000 as 1.23 million."""
    return f"{value / 1e6:.2f} million" if value >= 1e6 else f"{value:,.0f}" if value < 1e4 else f"{value / 1e3:,.0f} thousand"


def rows_of(cases, names, key, words):
    rows = []
    for name, door in names:
        for server, results in cases.get(name, {}).get("results", {}).items():
            triple = summary(results, key)
            rows.append((f"{SERVERS[server].title}{door}", triple, OURS if server == "runspool" else THEIRS, words(triple[0])))
    return rows


def draw(folder, cases, programs):
    """All that can be drawn of what was measured; [(file, title)]."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []

    def picture(name, title, draw_it, what):
        if what:
            draw_it(folder / f"{name}.svg", title, what)
            pictures.append((f"{name}.svg", title))

    fan_out = rows_of(cases, (("A-ws", ", WebSocket"), ("A-sse", ", SSE"), ("A-poll", ", long poll")), "deliveries", short)
    floors = cases.get("floor", {}).get("results", {})
    fan_out += [(f"floor, {frames} a send()", summary(floors[str(frames)], "deliveries"), FLOOR,
                 short(summary(floors[str(frames)], "deliveries")[0])) for frames, _ in FLOORS if str(frames) in floors]
    picture("fan-out", "Deliveries a second to 1,000 subscribers of one stream", bars, fan_out)
    picture("latency", "Latency at 20 events a second to 1,000 WebSockets: this share of deliveries is faster", curves,
            [(SERVERS[server].title, LINES[server], results[len(results) // 2]["latency_curve"])
             for server, results in cases.get("B", {}).get("results", {}).items()])
    picture("memory", "Memory of an idle WebSocket, bytes", bars, rows_of(cases, (("D", ""),), "memory", lambda value: f"{value:,.0f}"))
    picture("ingest", "Ingest: events a second that reached the subscriber", bars,
            rows_of(cases, (("F", ", 1 stream"), ("F-2000", ", 2,000 streams")), "deliveries", short))
    picture("connections", "WebSocket handshakes a second", bars, rows_of(cases, (("connections", ""),), "connections", short))
    picture("scale", "Latency as subscribers of one stream become many, and streams with one each", growth,
            scale(programs["bench_scale"]["figures"]) if "bench_scale" in programs else [])
    return pictures
