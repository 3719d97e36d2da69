"""The tip calculator as a web page: a form, and below it what everybody pays. Needs nothing but Python.

    python3 app.py [PORT]
"""

import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from tip import Split, format_money, parse_money, split_bill

PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
DEFAULTS = {"bill": "", "percent": "20", "people": "3"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        if url.path != "/":
            self.send_error(404)
            return
        given = {name: values[0] for name, values in parse_qs(url.query).items() if name in DEFAULTS}
        body = render(DEFAULTS | given).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def render(fields: dict[str, str]) -> str:
    """The page for what is in the form; without a bill there is nothing to say yet."""
    title, result = "Tip calculator", '<p class="hint">Type the bill and press Return.</p>'
    if fields["bill"]:
        try:
            split = split_bill(parse_money(fields["bill"]), int(fields["percent"]), int(fields["people"]))
        except ValueError as error:
            result = f'<p class="error">{escape(str(error))}</p>'
        else:
            title, result = f"{format_money(split.each)} each - {title}", table(split)
    return PAGE.substitute({name: escape(value) for name, value in fields.items()}, title=title, result=result)


def table(split: Split) -> str:
    return (
        f"<dl><dt>Tip</dt><dd>{format_money(split.tip)}</dd>"
        f"<dt>Total</dt><dd>{format_money(split.total)}</dd>"
        f'<dt class="each">Everybody pays</dt><dd class="each">{format_money(split.each)}</dd></dl>'
    )


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
