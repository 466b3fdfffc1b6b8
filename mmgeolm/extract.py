"""Find the answer inside a response: the strict reading, reported beside a benchmark's official rule.

The last explicit statement of an answer wins: ``\\boxed{…}``, ``Answer: …``, ``the correct option is …``,
``故选 …``. Where nothing states an answer, the value is None and counts as wrong; nothing is ever guessed.
Every reading names its rule and the characters it used. All patterns are linear in the length of the
response.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmgeolm.quantity import parse_quantity, plain

LIMIT = 50_000  # characters read, from the end of a response: answers stand at the end
STATEMENTS = 50  # answer statements looked at, from the last one back
LETTERS = "ABCDEFGH"

_BRACES = re.compile(r"\\f?box(?:ed)?\s{0,8}\{|\\[{}\\]|[{}]")
_ANSWER = re.compile(
    r"(?:\banswers?\b(?!\s{1,4}(?:choices|options))|\b(?:correct|right|best|final)\s{1,4}(?:option|choice)\b)"
    r"(?:(?=[\s>*_]{1,6}[(\[<]{0,3}(?-i:[A-H])\b)|[^\n.:：=]{0,60}?(?:\b(?:is|are|be)\b|[:：=]))"
    r"|(?:答案|故选|应选|选择)[是为]?",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:option|choice)\s{0,4}\(?([A-H])\)?\s{1,4}(?:is|was)\s{1,4}(?:the\s{1,4})?(?:correct|right|selected|best)\b"
    r"|\b(?i:choose|select|pick)\s{1,4}(?:option\s{1,4}|choice\s{1,4})?\(?([A-H])(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])\(?([A-H])\)?\s{1,4}is\s{1,4}(?:the\s{1,4})?(?:correct|right)\b"
)
_LEAD = re.compile(
    r"[\s*_>:：=<\"'`“”‘’$~-]{0,40}(?:(?:the|option|choice|letter|selected)\b[\s:：*]{0,5}){0,3}"
    r"(?:\\(?:text[a-z]{0,2}|math[a-z]{2})\s?\{|[\s(\[{<*\"'`$]){0,8}([A-Ha-h])(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"[\s).\]}*>\"'`$:,;。]*\Z")
_SECOND = re.compile(
    r"[)\]}.*>\s]{0,4}(?:\([^()\n]{1,40}\)\s?)?(?:,|/|&|\bor\b|\band\b|或|和)\s{0,4}\(?([A-H])(?![A-Za-z0-9])"
)
_ARTICLE = re.compile(r"\s+(?!(?:because|since|as|is|which|with|for)\b)[a-z]")
_MATHS = re.compile(r"\s*[=+^≈∥⊥/']\s*[\w(]")
_WHOLE = re.compile(r"\W{0,20}(?:(?i:option|choice)\s{0,4})?\W{0,4}([A-H])\W{0,20}")
_ITEM = re.compile(r"(?:^|[\s;])[\s*(\[<$]{0,8}([A-H])[)\]*]{0,3}[.):：、]")
_MENTION = re.compile(r"\(([A-H])\)|\b(?i:option|choice)\s{1,4}([A-H])(?![A-Za-z0-9])")
_SENTENCE = re.compile(r"[.!?](?=\s)|[。！？\n]")
_CLAUSE = re.compile(r"[,.;:!\n，。；：]")
_VERB = re.compile(r"\b(?:is|are|was|equals|be)\b|[=≈]|[:：]\s")
_LISTED = re.compile(r"[^\n]{0,200}\n\s{0,8}[(*\[]{0,3}B[).:\]*]")
HEDGED = re.compile(
    r"[<>≤≥≠]|\b(?:not|cannot|or|if|would|could|depends?|impossible|example)\b|n't\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Reading:
    """What was read (None: nothing), by which rule, from which characters ``[start, end)``."""

    value: str | None
    rule: str
    start: int = 0
    end: int = 0

    def trace(self, text: Any) -> dict[str, Any]:
        """Return ``{rule, span, text}`` for graded.jsonl; the text is cut at 120 characters."""
        if self.end <= self.start or not isinstance(text, str):
            return {"rule": self.rule, "span": None, "text": None}
        return {"rule": self.rule, "span": [self.start, self.end], "text": text[self.start : self.end][:120]}


NOTHING = Reading(None, "nothing read")


def as_text(response: Any) -> str | None:
    """Return a response as text: numbers become digits, anything else that is not a string becomes None."""
    if isinstance(response, str):
        return response
    return str(response) if isinstance(response, int | float) and not isinstance(response, bool) else None


def _body(response: Any) -> tuple[str, int]:
    """Return the part of a response that is read, without outer whitespace, and where it begins."""
    whole = as_text(response) or ""
    text = whole.strip()
    cut = max(0, len(text) - LIMIT)
    return text[cut:], cut + len(whole) - len(whole.lstrip())


def _shifted(reading: Reading, offset: int) -> Reading:
    return (
        replace(reading, start=reading.start + offset, end=reading.end + offset) if reading.end else reading
    )


def boxed(text: str) -> list[Reading]:
    """Return the content of every balanced ``\\boxed{…}`` in the order in which they open, in one pass."""
    opened: list[tuple[bool, int]] = []
    found: list[Reading] = []
    for token in _BRACES.finditer(text):
        if token.group() == "}":
            if opened:
                is_box, start = opened.pop()
                if is_box:
                    found.append(Reading(text[start : token.start()], "boxed", start, token.start()))
        elif token.group()[-1] == "{" and token.group() != "\\{":
            opened.append((len(token.group()) > 1, token.end()))
    return sorted(found, key=lambda reading: reading.start)


def last_boxed(text: str) -> Reading | None:
    """Return the last balanced ``\\boxed{…}``, or None; an unbalanced box is ignored."""
    return next(reversed(boxed(text)), None)


def _statements(text: str) -> list[Reading]:
    """Every explicit statement of an answer, last first; the value is the line after the marker."""
    found = boxed(text)
    for match in deque(_ANSWER.finditer(text), maxlen=STATEMENTS):
        found.append(_line_after(text, match.end()))
    return sorted(found, key=lambda reading: reading.start, reverse=True)[:STATEMENTS]


def _line_after(text: str, start: int) -> Reading:
    chunk = text[start : start + 300]
    content = chunk.lstrip(" \t\r\n*_>:：=<\"'`“”‘’")
    start += len(chunk) - len(content)
    content = content.split("\n", 1)[0].rstrip()
    return Reading(content, "answer statement", start, start + len(content))


def _lettered(content: str, letters: str) -> tuple[str | None, int, int] | None:
    """Return (letter, start, end) if ``content`` begins by naming an option, (None, …) if it names two."""
    match = _LEAD.match(content)
    if match is None:
        return None
    letter, rest = match[1].upper(), content[match.end() : match.end() + 80]
    bracketed = content[: match.start(1)].endswith("(") and rest.startswith(")")
    if letter not in letters or _MATHS.match(rest):
        return None
    article = match[1].islower() or (letter == "A" and _ARTICLE.match(rest))  # "a square", "A square"
    if article and not bracketed and not _CLOSED.match(rest):
        return None
    second = _SECOND.match(rest)
    if second and second[1] != letter and second[1] in letters:
        return None, match.start(1), match.end()
    return letter, match.start(1), match.end()


def by_text(content: str, options: Mapping[str, str]) -> str | None:
    """Return the letter of the one option whose text (or number) ``content`` is, or None."""
    wanted = plain(content)
    if not wanted:
        return None
    same = [letter for letter, text in options.items() if plain(text) == wanted]
    if same:
        return same[0] if len({options[letter] for letter in same}) == 1 else None
    number = parse_quantity(content)
    if number is None:
        return None
    parsed = {letter: parse_quantity(text) for letter, text in options.items()}
    same = [letter for letter, option in parsed.items() if option is not None and option.equals(number)]
    return same[0] if len(same) == 1 else None


def read_choice(response: Any, options: Mapping[str, str]) -> Reading:
    """Read the letter of the option that a response names.

    ``options`` maps letters (A, B, …) to option texts. The value is a letter, or None with the rule ``two
    options named`` or ``nothing read``. Letters beyond the options are not read.
    """
    text, offset = _body(response)
    letters = "".join(letter for letter in LETTERS if not options or letter <= max(options))
    readings = itertools.chain(
        _stated_choice(text, options, letters), _unstated_choice(text, options, letters)
    )
    return _shifted(next(readings, NOTHING), offset)


def _stated_choice(text: str, options: Mapping[str, str], letters: str) -> Iterator[Reading]:
    """Yield what explicit statements name, last first."""
    stated = _statements(text)
    for match in deque(_NAMED.finditer(text), maxlen=STATEMENTS):
        group = next(i for i in (1, 2, 3) if match[i])
        stated.append(Reading(match[group], "option named", match.start(group), match.end(group)))
    for statement in sorted(stated, key=lambda reading: reading.start, reverse=True):
        assert statement.value is not None
        if named := _lettered(statement.value, letters):
            letter, start, end = named
            if letter == "A" and _LISTED.match(text, statement.start + end):
                continue  # "choose the correct option: (A) … (B) …" repeats the question
            rule = statement.rule if letter else "two options named"
            yield Reading(letter, rule, statement.start + start, statement.start + end)
        for content in dict.fromkeys((statement.value, _SENTENCE.split(statement.value, maxsplit=1)[0])):
            if letter := by_text(content, options):
                yield Reading(letter, f"{statement.rule}, option text", statement.start, statement.end)


def _unstated_choice(text: str, options: Mapping[str, str], letters: str) -> Iterator[Reading]:
    """Yield what a response without a statement names: as a whole, at its start, or in its last sentence."""
    if (whole := _WHOLE.fullmatch(text)) and whole[1] in letters:
        yield Reading(whole[1], "whole response", whole.start(1), whole.end(1))
    if len(text) <= 300 and (letter := by_text(text, options)):
        yield Reading(letter, "whole response, option text", 0, len(text))
    items = [match for match in _ITEM.finditer(text) if match[1] in letters]
    listed = len({match[1] for match in items})
    if listed == 1 and not text[: items[0].start(1)].strip(" *([<$\n"):
        yield Reading(items[0][1], "leading letter", items[0].start(1), items[0].end(1))
    begin = text.rfind("\n") + 1
    if listed < 2 and len(text) - begin <= 12 and (named := _lettered(text[begin:], letters)):
        rule = "last line" if named[0] else "two options named"
        yield Reading(named[0], rule, begin + named[1], begin + named[2])
    sentence = _last_sentence(text)
    mentions = {match[1] or match[2]: match.span() for match in _MENTION.finditer(text, sentence.start)}
    if len(mentions) == 1 and (letter := next(iter(mentions))) in letters:
        if listed >= 2 and mentions[letter][0] == sentence.start:
            return  # the last item of a list of options
        yield Reading(letter, "last sentence", *mentions[letter])
    clause = _CLAUSE.split(text[:300], maxsplit=1)[0]
    if parse_quantity(clause) is None and (letter := by_text(clause, options)):
        yield Reading(letter, "leading words, option text", 0, len(clause))
    tail = _tail(sentence)
    if tail.value and (letter := by_text(tail.value, options)):
        yield replace(tail, value=letter, rule=f"{tail.rule}, option text")


def _tail(sentence: Reading) -> Reading:
    """What a sentence ends in after its last verb or equals sign, if it asserts anything."""
    text = sentence.value or ""
    verb = next(iter(deque(_VERB.finditer(text), maxlen=1)), None)
    if verb is None or len(text) > 1000 or HEDGED.search(text):
        return NOTHING
    return Reading(
        text[verb.end() :].strip(" ."), "end of the last sentence", sentence.start + verb.end(), sentence.end
    )


def _last_sentence(text: str) -> Reading:
    ends = deque(_SENTENCE.finditer(text[:-1]), maxlen=1)
    begin = ends[0].end() if ends else 0
    begin += len(text[begin:]) - len(text[begin:].lstrip())
    return Reading(text[begin:], "last sentence", begin, len(text))


def read_open(response: Any) -> Reading:
    """Read a free answer: the last box or answer statement, one short line, or else the last sentence.

    The value is raw text (a number with its unit, an expression, a word); :mod:`mmgeolm.grading` compares it.
    """
    text, offset = _body(response)
    if not text:
        return NOTHING
    stated = next((reading for reading in _statements(text) if reading.value and reading.value.strip()), None)
    if stated and stated.rule == "answer statement":
        assert stated.value is not None
        sentence = _SENTENCE.split(stated.value, maxsplit=1)[0].rstrip(" *_>.\"'`")
        stated = replace(stated, value=sentence, end=stated.start + len(sentence))
    if stated is None:
        short = len(text) <= 80 and "\n" not in text
        stated = Reading(text, "whole response", 0, len(text)) if short else _last_sentence(text)
        tail = _tail(stated)
        stated = (
            tail
            if parse_quantity(stated.value or "") is None and parse_quantity(tail.value or "")
            else stated
        )
    return _shifted(stated, offset)
