"""What was measured, as words: docs/BENCHMARKS.md between its markers, and the same tables on the terminal."""

import os
import pathlib
import platform

import plots
from cases import CASES, FIGURES, FLOORS, PROGRAMS, SHOWN, SHOWN_ELSE, TARGETS
from measure import NOISE_PERCENT, summary
from peers import SERVERS

BEGIN, END = "<!-- bench: written by scripts/bench from here -->", "<!-- bench: to here -->"


def machine():
    """What it ran on."""
    cpu = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    system = next((line.split("=")[1].strip('"') for line in pathlib.Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME")), "Linux")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    virtual = "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text()
    return f"{cpu}, {os.cpu_count()} cores{' (virtual)' if virtual else ''}, {memory:.0f} GiB; {system}, Linux {platform.release()}"


def number(value, digits=0):
    """Three digits that matter, as people write them."""
    if digits == 0 and abs(value) >= 1000:
        magnitude = 10 ** max(0, len(str(int(abs(value)))) - 3)
        value = round(value / magnitude) * magnitude
    return f"{value:,.{digits}f}"


def spread(triple, digits):
    middle, low, high = (number(value, digits) for value in triple)
    return middle if low == high else f"{middle} ({low}-{high})"


def table(head, rows):
    widths = ["---" if i == 0 else "--:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (head, widths, *rows))


def heading(key):
    return f"{FIGURES[key].words}" + ("" if FIGURES[key].unit == "/s" else f", {FIGURES[key].unit}")


def targets(cases):
    rows, met = [], 0
    for name, key, wanted in TARGETS:
        results = cases.get(name, {}).get("results", {})
        if "runspool" not in results or "nchan" not in results:
            continue
        ours, theirs = summary(results["runspool"], key), summary(results["nchan"], key)
        ratio = ours[0] / theirs[0] if theirs[0] else float("inf")
        more = FIGURES[key].better == "more"
        good = ratio >= wanted if more else ratio <= wanted
        met += good
        digits = FIGURES[key].digits
        rows.append((f"{name}: {heading(key)}", spread(ours, digits), spread(theirs, digits), f"{ratio:.2f}",
                     f"{'at least' if more else 'at most'} {wanted:g}", "met" if good else "**missed**"))
    return rows, met


def case_table(name, case):
    keys = SHOWN.get(name.split("-")[0], SHOWN_ELSE)
    rows = []
    for server, results in case["results"].items():
        rows.append((SERVERS[server].title, *(spread(summary(results, key), FIGURES[key].digits) for key in keys),
                     sum(result["lost"] for result in results), sum(result["doubled"] for result in results),
                     sum(result["reordered"] for result in results), len(results),
                     f"{max(result['foreign_cpu_percent'] for result in results):.0f} %"))
    keys_shown = [heading(key) for key in keys]
    return table(("", *keys_shown, "lost", "doubled", "reordered", "runs", "others' CPU"), rows)


def floor_table(cases):
    rows = [(f"floor, {frames} frame{'s' * (frames > 1)} in each `send()`", *floor_figures(cases["floor"]["results"][str(frames)]))
            for frames, _ in FLOORS if str(frames) in cases["floor"]["results"]]
    for server, results in cases.get("A-ws", {}).get("results", {}).items():
        if server in ("runspool", "nchan"):
            rows.append((f"{SERVERS[server].title}, A-ws", *floor_figures(results)))
    return table(("", "deliveries/s", "CPU per delivery, us"), rows)


def floor_figures(results):
    return tuple(spread(summary(results, key), FIGURES[key].digits) for key in ("deliveries", "cpu"))


def program_part(result):
    """Its figures as a table; a program without figures has printed one."""
    if "text" in result:
        return result["text"] if "| --" in result["text"] else f"```\n{result['text']}\n```"
    figures, units = result["figures"], result.get("units", {})
    if isinstance(figures, dict):
        figures = [{"name": name, "value": value, "unit": units.get(name, "")} for name, value in figures.items()]
    if all(": " in figure["name"] for figure in figures):
        return program_matrix(figures)
    return table(("", "", ""), [(figure["name"].replace("_", " "), number(figure["value"], 0 if abs(figure["value"]) >= 100 else 2),
                                 figure.get("unit", "")) for figure in figures])


def program_matrix(figures):
    """Figures that are named "COLUMN: ROW"."""
    columns, rows = {}, {}
    for figure in figures:
        column, row = figure["name"].split(": ", 1)
        columns[column] = None
        row += f", {figure['unit']}" if figure.get("unit") else ""
        rows.setdefault(row, {})[column] = number(figure["value"], 0 if abs(figure["value"]) >= 100 else 2)
    return table(("", *columns), [(row, *(values.get(column, "") for column in columns)) for row, values in rows.items()])


def noisy(cases):
    return sum(result["foreign_cpu_percent"] > NOISE_PERCENT for case in cases.values() for results in case["results"].values()
               for result in results)


def terminal(known, chosen):
    cases = {name: known["cases"][name] for name in chosen if name in known["cases"]}
    parts = [f"{name}: {CASES[name].title}\n{case_table(name, case)}" for name, case in cases.items() if name != "floor"]
    if "floor" in cases:
        parts.append(floor_table({**known["cases"], **cases}))
    rows, _ = targets(cases)
    if rows:
        parts.append(table(("target", "Runspool", "nchan", "ratio", "wanted", ""), rows))
    return "\n\n".join(parts)


def document(known, pictures):
    cases, when = known["cases"], sorted(case["measured"] for case in known["cases"].values())
    rows, met = targets(cases)
    until = when[-1] if when[-1][:10] != when[0][:10] else when[-1][11:]
    parts = [f"Measured {when[0]} to {until} UTC on: {known['machine']}.\n\n" +
             "\n".join(f"- {title}: {version}" for title, version in known["versions"].items())]
    if loud := noisy(cases):
        parts.append(f"{loud} of the runs below had more than {NOISE_PERCENT} % of a core taken by other programs and were no quieter when"
                     " repeated; the column of others' CPU says where.")
    parts += ["## Targets", f"Runspool's median over nchan's: {met} of {len(rows)} met.",
              table(("", "Runspool", "nchan, one worker", "ratio", "target", ""), rows)]
    parts += [f"![{title}](img/bench/{file})" for file, title in pictures]
    parts.append("## Case by case")
    for name in CASES:
        if name in cases:
            parts += [f"### {name}: {CASES[name].title}", case_table(name, cases[name])]
    if "floor" in cases:
        parts += ["## How near the machine's limit", floor_table(cases)]
    programs = [program for program in PROGRAMS if program.name in known["programs"]]
    if programs:
        parts.append("## More about Runspool alone")
    for program in programs:
        result = known["programs"][program.name]
        parts += [f"### {program.title}", f"`{program.name}`, {result['measured']} UTC.", program_part(result)]
    return "\n\n".join(parts)


def write(source, known):
    path = source / "docs" / "BENCHMARKS.md"
    text = path.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    pictures = plots.draw(source / "docs" / "img" / "bench", known["cases"], known["programs"])
    path.write_text(f"{before}{BEGIN}\n\n{document(known, pictures)}\n\n{END}{after}")
