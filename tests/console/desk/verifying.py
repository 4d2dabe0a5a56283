"""A built desk of the cast's deployment, to have its verifier decide in Node and in a browser."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from console.desk.build import Desk, build
from hsmnodes.node.protocol import canonical
from tests.cast.charters import DEPLOYMENT
from tests.console.desk.cast import simulator

JUDGE = Path(__file__).parent / "js" / "verify" / "judge.js"
CONSOLE, ORIGIN = "http://127.0.0.1:8000", "http://localhost:8001"


def build_desk(folder: Path, *, origin: str = ORIGIN, demo: bool = True) -> Path:
    """A desk of the cast's deployment; a folder that Node takes for one of modules."""
    simulated = simulator().model_copy(update={"deployment": DEPLOYMENT}) if demo else None
    (folder / "package.json").write_text('{"type": "module"}')
    build(Desk(CONSOLE, origin, DEPLOYMENT, simulated), folder / "desk")
    return folder / "desk"


def bring_judge(page: Page, origin: str) -> None:
    """Open the desk, with the tests' own module beside its modules."""

    def answer(route: Route) -> None:
        route.fulfill(body=JUDGE.read_text("utf-8"), content_type="text/javascript")

    page.route("**/judge.js", answer)
    page.goto(origin)


def deviations(page: Page, content: Mapping[str, Any]) -> list[Any]:
    """The cases of a file that the desk in this page does not decide as it says."""
    return page.evaluate(
        """async (content) => {
          const { casesOf, makeJudge } = await import("/judge.js");
          const desk = (name) => import(`/js/${name}`);
          const judge = await makeJudge(desk);
          const found = [];
          for (const { kind, name, given, expected } of await casesOf(content, desk)) {
            const verdict = await judge(kind, given);
            if (JSON.stringify(verdict) !== JSON.stringify(expected)) found.push({ name, verdict, expected });
          }
          return found;
        }""",
        content,
    )


def release_in(page: Page) -> Callable[..., str]:
    """Asks the desk in this page to verify a release; its code, or `released to` with the words it shows.

    `kinds` are whose consent a drill takes, if others than the catalogue says.
    """

    def ask(given: Mapping[str, Any], kinds: Sequence[str] = ()) -> str:
        encoded = {name: _encoded(value) for name, value in given.items() if name != "deployment"}
        encoded["kinds"] = list(kinds)
        return page.evaluate(
            """async ({ charters, now, kinds, ...rest }) => {
              const { CATALOGUE } = await import("/js/built/catalogue.js");
              const { fromB64u } = await import("/js/canonical.js");
              const { verifyRelease } = await import("/js/verify/release.js");
              const pieces = Object.entries(rest).map(([name, text]) => [name, fromB64u(text)]);
              const chains = Object.entries(charters).map(([kind, links]) => [kind, links.map(fromB64u)]);
              const given = { ...Object.fromEntries(pieces), now, charters: Object.fromEntries(chains) };
              given.operations = structuredClone(CATALOGUE.operations);
              if (kinds.length) given.operations["backup-key.drill/v1"].consent.kinds = kinds;
              try {
                const { node } = await verifyRelease(given);
                return `released to ${node.name}: ${node.words.join(" ")}`;
              } catch (problem) {
                return problem.name === "Refused" ? problem.code : String(problem.stack);
              }
            }""",
            encoded,
        )

    return ask


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return canonical.b64u(value)
    if isinstance(value, dict):
        return {name: [canonical.b64u(one) for one in links] for name, links in value.items()}
    return value
