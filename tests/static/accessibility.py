"""axe's rules of accessibility, held against a page."""

import asyncio
from pathlib import Path

from playwright.async_api import Page

from tests.static.npm import install_packages

FIND_VIOLATIONS = """async () => {
    if (!("axe" in window)) return null;
    const { violations } = await axe.run(document, { reporter: "no-passes" });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""


async def read_axe() -> str:
    """The rules as a script."""
    source = (await install_packages()) / "axe-core" / "axe.min.js"
    return await asyncio.to_thread(Path.read_text, source)


async def assert_accessible(page: Page, axe: str) -> None:
    violations = await page.evaluate(FIND_VIOLATIONS)
    if violations is None:  # of a document that is looked at for the first time
        await page.evaluate(f"() => {{ {axe} }}")  # the policy of the page lets no script tag in
        violations = await page.evaluate(FIND_VIOLATIONS)
    assert violations == [], violations
