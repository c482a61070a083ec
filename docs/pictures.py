"""The README's pictures, from runs on the real data: run.svg, report.png, study.png and tour.png, in the folder of this file.

usage: pictures.py PROGRAM      PROGRAM is `train`, built. Needs: tmux, chromium; MNIST_SAMPLE_ARCHIVE, or a network.
"""

import re
import shlex
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parent
COLUMNS, ROWS = 80, 60
# The terminal's colours, as it says them, on the picture's dark ground: what is dim, the best, the bar.
COLOURS = {"39": "#d5dbe3", "38;5;244": "#8b97a5", "38;5;35": "#3fd09f", "38;5;36": "#4cc2d6"}
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# Of a character, in pixels, and where the first one stands.
ADVANCE, LINE, LEFT, TOP = 8.4, 19, 24, 62


def screens(program, folder):
    """The terminal while the run trains, and when it is done, each as lines of (colour, text)."""
    tmux = ["tmux", "-L", f"pictures-{folder.name}"]
    command = f"cd {shlex.quote(str(folder))}; {shlex.quote(program)}; echo; echo ended; sleep 60"
    subprocess.run([*tmux, "new", "-d", "-x", str(COLUMNS), "-y", str(ROWS), command], check=True)
    capture = lambda: subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True, text=True).stdout
    trains, ends = "", time.monotonic() + 60
    try:
        while "\nended" not in (screen := capture()):
            if not trains and re.search(r"epoch 1[2-9]/40", screen):
                trains = screen
            if time.monotonic() > ends:
                sys.exit("the run did not end within a minute")
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)
    if not trains:
        sys.exit("the run was never seen in its epochs 12 to 19; is this machine busy? try again")
    return lines(trains), lines(screen.split("\nended")[0])


def lines(screen):
    colour, found = COLOURS["39"], []
    for line in screen.rstrip().split("\n"):
        parts = []
        for part in re.split(r"(\x1b\[[\d;]*m)", line):
            if part.startswith("\x1b"):
                colour = COLOURS.get(part[2:-1], COLOURS["39"])
            elif part:
                parts.append((colour, part))
        found.append(parts)
    return found


def row(parts, y):
    """A line of the terminal; each part is as wide as its characters, whatever font there is."""
    x, drawn = 0, ""
    for colour, part in parts:
        text, before = part.strip(), len(part) - len(part.lstrip())
        if text:
            place = f'x="{LEFT + (x + before) * ADVANCE:.1f}" y="{y}" fill="{colour}"'
            drawn += f'<text {place} textLength="{len(text) * ADVANCE:.1f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">'
            drawn += f"{escape(text, quote=False)}</text>\n"
        x += len(part)
    return drawn


def terminal(trains, done):
    drawn, y = row([("#7f8b99", "$ "), ("#ffffff", "train")], TOP), TOP
    for parts in trains:
        y += LINE
        drawn += row(parts, y)
    y += 27
    drawn += f'<line x1="24" x2="210" y1="{y - 4}" y2="{y - 4}" stroke="#4a5563" stroke-dasharray="3 4"/>\n'
    drawn += f'<line x1="510" x2="696" y1="{y - 4}" y2="{y - 4}" stroke="#4a5563" stroke-dasharray="3 4"/>\n'
    drawn += f'<text x="360" y="{y}" fill="#8b97a5" font-size="12" text-anchor="middle">the same terminal when the run is done</text>\n'
    y += 6
    # From the last epochs on.
    first = next(at for at, parts in enumerate(done) if "".join(text for _, text in parts).lstrip().startswith("37 "))
    for parts in done[first:]:
        y += LINE
        drawn += row(parts, y)
    height = y + 23
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" width="720" height="{height}" role="img" \
aria-labelledby="title" font-family="{FONT}" font-size="14">
<title id="title">A terminal: some epochs of a run with its live bar, and its last lines</title>
<rect x="0.5" y="0.5" width="719" height="{height - 1}" rx="8" fill="#161b22" stroke="#38414d"/>
<circle cx="22" cy="20" r="5.5" fill="#444c56"/><circle cx="40" cy="20" r="5.5" fill="#444c56"/>\
<circle cx="58" cy="20" r="5.5" fill="#444c56"/>
<line x1="0" x2="720" y1="38" y2="38" stroke="#38414d"/>
{drawn}</svg>
"""


def page(file, name, width, height, *options):
    """The upper part of a page as a browser shows it."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *options]
    picture = [f"--window-size={width},{height}", f"--screenshot={DOCS / name}"]
    subprocess.run(["chromium", *options, *picture, file.as_uri()], check=True, capture_output=True)


def only(file, headings):
    """The page with these sections alone, in a file beside it."""
    text = file.read_text()
    ids = {heading: at for at, heading in re.findall(r'<a href="#(section-\d+)">([^<]*)</a>', text)}
    shown = ", ".join(f"#{ids[heading]}" for heading in headings)
    style = f"<style>header, nav, main > :not({shown}) {{ display: none }}</style></head>"
    part = file.with_name("part.html")
    part.write_text(text.replace("</head>", style, 1))
    return part


def main(program):
    program = str(Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        train = lambda *arguments: subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)
        (DOCS / "run.svg").write_text(terminal(*screens(program, folder)))
        [run] = folder.glob("runs/two-layer/*")
        page(run / "report.html", "report.png", 1085, 1480, "--blink-settings=preferredColorScheme=0")
        train("tour")
        page(folder / "tour.html", "tour.png", 1216, 1016)
        train("sweep", "optimizer-schedule")
        study = folder / "runs/optimizer-schedule/report.html"
        page(only(study, ["Best so far", "Parallel coordinates", "valid.loss against each key"]), "study.png", 1045, 1430)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
