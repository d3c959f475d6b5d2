"""`DemoPage`: what a person can do on the demo page, in a person's words."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import Page

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1200, "height": 900}

_TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# These are off by default, whatever their tags.
_RULES = ["color-contrast-enhanced", "target-size"]


def _starting(name):
    return re.compile(f"^{re.escape(name)}")


def _first_line(place):
    return place.inner_text().split("\n")[0].strip()


class DemoPage:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requested: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    # what a person does

    def open(self):
        self.page.goto(self.address)
        return self

    def choose_sample(self, title):
        self.page.get_by_role("radio", name=_starting(title)).check()
        return self

    def choose_no_picture(self):
        self.page.get_by_role("radio", name="No picture").check()
        return self

    def choose_own_file(self, name, data, kind="image/png"):
        chosen = {"name": name, "mimeType": kind, "buffer": data}
        self.page.get_by_label("The file of your own picture").set_input_files(chosen)
        return self

    def type_prompt(self, words):
        self.page.get_by_label("2. Write a prompt").fill(words)
        return self

    def choose_stage(self, name):
        self.page.get_by_role("radio", name=_starting(name)).check()
        return self

    def decide(self):
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Decide").click()
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    # what a person sees

    @property
    def title(self):
        return self.page.title()

    @property
    def heading(self):
        return self.page.get_by_role("heading", level=1).inner_text().strip()

    @property
    def reasons(self):
        return self._section("Why").inner_text()

    @property
    def outlined(self):
        return self._section("The picture").get_by_role("listitem").all_inner_texts()

    @property
    def prompt_shown(self):
        """The prompt as the page shows it beside the reasons, without what only readers hear."""
        return self._shown().evaluate(
            "e => { const c = e.cloneNode(true);"
            " c.querySelectorAll('.unseen, .tie').forEach(one => one.remove());"
            " return c.textContent; }"
        )

    @property
    def prompt_heard(self):
        """The same as a screen reader would say it."""
        return " ".join(self._shown().text_content().split())

    @property
    def marked(self):
        """The marked stretches of the prompt, without what only readers hear."""
        return self._shown().evaluate(
            "e => [...e.querySelectorAll('mark')].map(one => { const c = one.cloneNode(true);"
            " c.querySelectorAll('.unseen').forEach(inner => inner.remove());"
            " return c.textContent; })"
        )

    @property
    def legend(self):
        return self._section("The prompt").get_by_role("listitem").all_inner_texts()

    @property
    def direction(self):
        """ltr or rtl: which way the browser lays the shown prompt out."""
        return self._shown().evaluate("e => e.matches(':dir(rtl)') ? 'rtl' : 'ltr'")

    def _shown(self):
        return self.page.locator(".prompt-text")

    @property
    def found(self):
        return self._table("What was found")

    @property
    def gates(self):
        return self._table("What each gate saw")

    @property
    def problem(self):
        return self.page.get_by_role("alert").inner_text()

    @property
    def prompt(self):
        return self.page.get_by_label("2. Write a prompt").input_value()

    @property
    def chosen(self):
        """The values of the radio buttons that are on, in the order of the page."""
        return [one.get_attribute("value") for one in self.page.locator("input:checked").all()]

    @property
    def focused(self):
        """What has the focus: its name as a screen reader would say it."""
        return self.page.evaluate(
            "() => { const e = document.activeElement;"
            " return (e.labels && e.labels[0] ? e.labels[0] : e).textContent.trim(); }"
        )

    @property
    def decision(self):
        """The JSON that the page shows."""
        return json.loads(self.page.locator("details pre").text_content() or "")

    def picture_pixels(self):
        """The pixels of the shown picture, as the browser decoded them: [r, g, b] of a grid."""
        return self.page.evaluate(
            """() => {
                const image = document.querySelector("figure img");
                const canvas = document.createElement("canvas");
                canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
                const pen = canvas.getContext("2d");
                pen.drawImage(image, 0, 0);
                const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
                const grid = [];
                for (let i = 0; i < data.length; i += 4 * 97) grid.push([...data.slice(i, i + 3)]);
                return grid;
            }"""
        )

    def overflows(self):
        """Pixels that the page is wider than the screen."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def small_targets(self, least=24):
        """Controls that are smaller than `least` pixels a side."""
        return self.page.evaluate(
            """least => [...document.querySelectorAll("button, input, textarea, summary, .home")]
                .filter(one => { const box = one.getBoundingClientRect();
                                 return box.width && Math.min(box.width, box.height) < least; })
                .map(one => one.outerHTML.slice(0, 80))""",
            least,
        )

    def went_to(self):
        """Every host that was asked for something."""
        return {urlsplit(url).hostname for url in self.requested if not url.startswith("data:")}

    def violations(self, axe):
        """What axe-core objects to, each in one line."""
        self.page.evaluate(axe)
        result = self.page.evaluate(
            "([values, rules]) => axe.run({runOnly: {type: 'tag', values}, rules})",
            [_TAGS, {rule: {"enabled": True} for rule in _RULES}],
        )
        return [
            f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for one in result["violations"]
            for node in one["nodes"]
        ]

    def _section(self, name):
        return self.page.get_by_role("region", name=name, exact=True)

    def _table(self, name):
        rows = self.page.get_by_role("table", name=name).get_by_role("row").all()[1:]
        return {
            row.get_by_role("rowheader").inner_text().split("\n")[0].strip(): row for row in rows
        }

    def _listen(self, message):
        # A page that answers 422 is meant; the browser notes it as a resource that failed.
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            self.complaints.append(message.text)
