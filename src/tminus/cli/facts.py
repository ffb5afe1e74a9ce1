"""``tminus facts``: what is known of the platform, and whether its pages still say so."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from tminus.cli import EXIT_FOUND, EXIT_OK, EXIT_UNABLE, UserError
from tminus.facts import Fact, Facts
from tminus.facts.fetch import live_pages
from tminus.facts.rates import RatesError, live_rates
from tminus.facts.verify import Verdict, saved_pages, verify
from tminus.report.facts_json import fact_json, rates_json, verification_json
from tminus.report.facts_text import fact_page, facts_list, price_list, rate_list, verification
from tminus.report.style import Style

_PRICES = ("price.", "gpu.")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("facts", help="show the dated facts, and compare them with their pages")
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="list facts")
    listing.add_argument("prefix", nargs="?", default="", help="beginning of the ids, such as gpu or volume.")
    listing.set_defaults(run=_list)

    show = actions.add_parser("show", help="show a fact: value, source, date, age, history, contradictions")
    show.add_argument("id", metavar="ID", help="the fact's id, such as function.timeout_max_s")
    show.set_defaults(run=_show)

    for action in (listing, show):
        action.add_argument("--as-of", type=_day, metavar="DAY", help="as of a day, such as 2025-12-10")

    check = actions.add_parser(
        "verify",
        help="compare the facts with the pages that state them",
        description="Exit code 1 if a fact moved, 2 if none did and a page could not be read. With --from, a "
        "page is the file named after its address, without https:// and #part, with __ for / and .md behind.",
    )
    check.add_argument("prefix", nargs="?", default="", help="beginning of the ids to compare, such as gpu.")
    check.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="read saved pages: modal.com__docs__guide__gpu.md for https://modal.com/docs/guide/gpu",
    )
    check.set_defaults(run=_verify)

    prices = actions.add_parser("prices", help="show prices an hour")
    prices.add_argument("--live", action="store_true", help="ask the service, with the client's credentials")
    prices.set_defaults(run=_prices)

    for action in (listing, show, check, prices):
        action.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2025-12-10") from None


def _list(options: argparse.Namespace) -> int:
    facts = Facts.bundled()
    found = [
        fact
        for fact_id in facts.history
        if fact_id.startswith(options.prefix)
        for fact in _on(facts, fact_id, options.as_of)
    ]
    if not found:
        raise UserError(_no_such(options.prefix))
    found.sort(key=lambda fact: fact.id)
    if options.format == "json":
        return _print_json([fact_json(fact, facts.today) for fact in found])
    print(facts_list(found, facts.today, Style.of(sys.stdout)))
    return EXIT_OK


def _no_such(prefix: str) -> str:
    return f"no fact begins with {prefix!r}; `tminus facts list` names all"


def _on(facts: Facts, fact_id: str, day: date | None) -> list[Fact]:
    try:
        return [facts.as_of(fact_id, day)]
    except KeyError:
        return []


def _show(options: argparse.Namespace) -> int:
    facts = Facts.bundled()
    try:
        fact = facts.as_of(options.id, options.as_of)
    except KeyError as error:
        raise UserError(str(error.args[0])) from error
    history = facts.history[options.id]
    if options.format == "json":
        document = fact_json(fact, facts.today)
        document["history"] = [fact_json(one, facts.today) for one in history]
        return _print_json(document)
    print(fact_page(fact, history, facts.today, Style.of(sys.stdout), options.as_of))
    return EXIT_OK


def _verify(options: argparse.Namespace) -> int:
    if options.folder is not None and not options.folder.is_dir():
        raise UserError(f"{options.folder}: no such folder")
    try:
        read = live_pages() if options.folder is None else saved_pages(options.folder)
    except ImportError as error:
        raise UserError(
            "fetching pages needs httpx: pip install 'tminus[facts]'; or save pages and use --from DIR"
        ) from error
    asked = [fact for fact in Facts.bundled() if fact.id.startswith(options.prefix)]
    if not asked:
        raise UserError(_no_such(options.prefix))
    checked = verify(asked, read)
    if options.format == "json":
        _print_json(verification_json(checked))
    else:
        print(verification(checked, Style.of(sys.stdout)))
    verdicts = {one.verdict for one in checked}
    if Verdict.MOVED in verdicts:
        return EXIT_FOUND
    return EXIT_UNABLE if Verdict.UNREADABLE in verdicts else EXIT_OK


def _prices(options: argparse.Namespace) -> int:
    facts = Facts.bundled()
    if not options.live:
        current = sorted((fact for fact in facts if fact.until is None), key=lambda fact: fact.id)
        prices = [fact for fact in current if _is_price(fact)]
        prices.sort(key=lambda fact: (fact.unit, -fact.value))
        multipliers = [fact for fact in current if fact.id.startswith("price.") and fact.unit == "×"]
        if options.format == "json":
            return _print_json([fact_json(fact, facts.today) for fact in (*prices, *multipliers)])
        print(price_list(prices, multipliers, facts.today, Style.of(sys.stdout)))
        return EXIT_OK
    try:
        rates = live_rates(facts)
    except RatesError as error:
        raise UserError(f"no live prices: {error}") from error
    if options.format == "json":
        _print_json(rates_json(rates))
    else:
        print(rate_list(rates, Style.of(sys.stdout)))
    return EXIT_OK if all(rate.sane for rate in rates) else EXIT_FOUND


def _is_price(fact: Fact) -> bool:
    return fact.id.startswith(_PRICES) and fact.unit.startswith("USD/") and fact.unit.endswith("s)")


def _print_json(document: Any) -> int:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return EXIT_OK
