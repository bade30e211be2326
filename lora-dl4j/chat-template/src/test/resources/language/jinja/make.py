# SPDX-License-Identifier: Apache-2.0
"""Renders the templates in rendered.json anew with Jinja2, as transformers sets it up.

Run with jinja2 3.1.6: python make.py
"""

import json
from datetime import datetime

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def raise_exception(message):
    raise TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda form: datetime(2026, 3, 7, 9, 5, 2).strftime(form)


def rendered(template, variables):
    try:
        return environment.from_string(template).render(**variables)
    except Exception:
        return None


with open("rendered.json") as file:
    given = json.load(file)
results = [
    {"template": case["template"], "text": rendered(case["template"], given["variables"])}
    for case in given["cases"]
]
with open("rendered.json", "w") as file:
    json.dump({"variables": given["variables"], "cases": results}, file, indent=1, ensure_ascii=True)
