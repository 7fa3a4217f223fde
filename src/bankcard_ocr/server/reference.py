"""The API's page: the OpenAPI document as one HTML page that needs no script and nothing from other hosts.

On top a form that sends a picture and shows the server's reply, and the curl line that does the same.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; padding-bottom: .3rem }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { background: #8882; padding: .7rem 1rem; overflow-x: auto }
.method { background: #2563eb; color: #fff; border-radius: .3rem; padding: .1rem .5rem; font-weight: 600 }
.table { overflow-x: auto } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem } th { border-bottom: 1px solid #8886 }
fieldset { border: 1px solid #8886; border-radius: .5rem; margin: 1.5rem 0; min-width: 0 }
h1, h2, p { overflow-wrap: anywhere } label { display: block; margin: .5rem 0 } input { max-width: 100% }
input[type=text] { box-sizing: border-box; width: 40rem }
"""

_TRY = """
<fieldset><legend>Try it</legend>
<form method="post" action="cv/ocr/bankcard" enctype="multipart/form-data" autocomplete="off">
<label>access_token <input type="text" name="access_token" required></label>
<label>Picture <input type="file" name="img" accept="image/*" required></label>
<label>type <select name="type"><option>photo</option><option>scan</option></select></label>
<label><input type="checkbox" name="detail" value="1"> detail</label>
<button>Read the card</button>
</form>
<p>The same with curl; <a href="sample.jpg">sample.jpg</a> is a card that never existed:</p>
<pre>curl -F img=@card.jpg 'http://HOST:PORT/cv/ocr/bankcard?access_token=TOKEN'</pre>
</fieldset>
"""


def html(document: dict[str, Any]) -> str:
    """The page that shows ``document``."""
    info = document["info"]
    operations = [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    failures = document["components"]["schemas"]["Failure"]["properties"]["errcode"]["description"].split("; ")
    codes = "".join(_row(*failure.split(": ", 1)) for failure in failures)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])} "
        f"The description for machines: <a href='openapi.json'>openapi.json</a>.</p>{_TRY}{''.join(operations)}"
        f"<h2>Error codes</h2>{_table('errcode', 'errmsg begins with', rows=codes)}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        _row(parameter["name"], parameter["in"], parameter["description"]) for parameter in operation["parameters"]
    )
    fields = "".join(
        _row(name, kind, _described(schema))
        for kind, content in operation.get("requestBody", {"content": {}})["content"].items()
        for name, schema in content["schema"].get("properties", {}).items()
    )
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    reply = json.dumps(examples["done"]["value"], ensure_ascii=False, indent=2)
    return (
        f"<h2><span class='method'>{method.upper()}</span> <code>{escape(path)}</code></h2>"
        f"<p><strong>{escape(operation['summary'])}.</strong> {escape(operation.get('description', ''))}</p>"
        f"{_table('name', 'where', 'meaning', rows=parameters + fields)}<pre>{escape(reply)}</pre>"
    )


def _described(schema: dict[str, Any]) -> str:
    return str(schema.get("description") or ", ".join(schema.get("enum", [])))


def _table(*heads: str, rows: str) -> str:
    return f"<div class='table'><table><tr>{''.join(f'<th>{head}' for head in heads)}</tr>{rows}</table></div>"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells) + "</tr>"
