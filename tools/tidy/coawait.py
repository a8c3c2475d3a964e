"""The co_await rule: one co_await per statement, in a place where every supported compiler treats it right.

Good:  auto name = co_await f(a, b);    name = co_await f();    co_await f();    co_return co_await f();
       (void)co_await f();              if (auto r = co_await f(); r.has_value()) …
Bad:   in a condition, an argument, braces, beside && || ?:, with a capturing lambda or a braced temporary in the same
       statement, or bound to a structured binding at once (bind a name first, then auto& [a, b] = name).
"""
from source import Tokens

_CONTROL = ("if", "while", "switch", "for")


def check(text):
    """[(line, message)]"""
    tokens = Tokens(text)
    found, seen = [], set()
    for index, token in enumerate(tokens.text):
        if token != "co_await":
            continue
        message, start = _judge(tokens, index)
        if message and start not in seen:
            seen.add(start)
            found.append((tokens.line[index], message))
    return found


def _judge(tokens, index):
    """(message or None, first token of the statement)"""
    start, opener = _statement_start(tokens, index)
    if opener is not None:
        return _inside(tokens, index, opener), opener
    start = _skip_heads(tokens, start, index)
    before = tokens.text[start:index]
    return _before(tokens, start, before) or _after(tokens, index), start


def _statement_start(tokens, index):
    """(start, None), or (_, opener) when an unmatched bracket that is no statement's beginning comes first."""
    probe = index - 1
    while probe >= 0:
        token = tokens.at(probe)
        if token == ";":
            outer = tokens.parent[probe]
            return (outer, outer) if tokens.at(outer) == "(" else (probe + 1, None)
        if token == "{":
            return (probe + 1, None) if tokens.is_block(probe) else (probe, probe)
        if token in ("(", "["):
            if tokens.at(probe - 1) in ("if", "switch") and _semicolon_inside(tokens, probe, index):
                return probe + 1, None
            return probe, probe
        if token == "}" and _ends_statement(tokens, probe):
            return probe + 1, None
        probe = tokens.match.get(probe, probe) - 1 if token in ")]}" else probe - 1
    return 0, None


def _semicolon_inside(tokens, opener, index):
    end, probe = tokens.match.get(opener, len(tokens)), index
    while probe < end:
        if tokens.at(probe) == ";":
            return True
        probe = tokens.match.get(probe, probe) + 1 if tokens.at(probe) in "([{" else probe + 1
    return False


def _ends_statement(tokens, closer):
    after = tokens.at(closer + 1)
    if after == "(":
        return tokens.at(closer + 2) == "void" and tokens.at(closer + 3) == ")"
    return after.isidentifier() or after in ("*", "[", "::", "{")


def _inside(tokens, index, opener):
    """co_await stands inside a bracket of its statement."""
    if tokens.at(opener) == "{":
        return "co_await inside braces: name the value first"
    before = tokens.at(opener - 1)
    if before in _CONTROL or (before == "constexpr" and tokens.at(opener - 2) == "if"):
        return "co_await in a condition: give its result a name on the line before"
    if before == ">" and tokens.text[max(opener - 4, 0) : opener] == ["static_cast", "<", "void", ">"]:
        return _after(tokens, index)
    return "co_await inside an expression: give its result a name on the line before"


def _skip_heads(tokens, start, index):
    """Steps over labels, else, do and the heads of controlling statements."""
    while start < index:
        token = tokens.at(start)
        if token in ("else", "do"):
            start += 1
        elif token in _CONTROL:
            start += 2 if tokens.at(start + 1) == "constexpr" else 1
            start = tokens.match.get(start, start) + 1
        elif token in ("case", "default"):
            while start < index and tokens.at(start) != ":":
                start += 1
            start += 1
        else:
            return start
    return start


def _before(tokens, start, before):
    """What stands between the beginning of the statement and co_await."""
    if before in ([], ["co_return"], ["(", "void", ")"]):
        return None
    if "?" in before:
        return "co_await in ?: : use if and else"
    if before[-1] != "=":
        if before[-1] in ("&&", "||"):
            return "co_await beside && or ||: one co_await per statement"
        return "co_await inside an expression: give its result a name on the line before"
    if "co_await" in before:
        return "two co_awaits in one statement"
    left = before[:-1]
    while left[:2] == ["[", "["]:  # attributes
        left = left[left.index("]") + 2 :]
    words = [token for token in left if token not in ("const", "&", "&&")]
    if words[:2] == ["auto", "["]:
        return "structured binding of co_await: bind a name first, then auto& [a, b] = name"
    if "=" in left or "{" in left:
        return "co_await must be the whole initialiser of one name"
    return None


def _after(tokens, index):
    """The operand and whatever follows it, up to the end of the statement."""
    probe, depth = index + 1, 0
    bare = tokens.at(probe) == "("  # co_await (a || b): the parentheses hide nothing
    limit = tokens.match.get(probe, probe) if bare else 0
    while probe < len(tokens):
        token = tokens.at(probe)
        if token == ";" or (depth == 0 and token in (")", "}")):
            return None
        message = _bad_operand(tokens, probe, depth == 0 or probe < limit)
        if message:
            return message
        if token == "{" and tokens.is_block(probe):
            probe = tokens.match.get(probe, probe)  # the body of a lambda: its own statements
        elif token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
        probe += 1
    return None


def _bad_operand(tokens, probe, outermost):
    token, previous = tokens.at(probe), tokens.at(probe - 1)
    if token == "co_await":
        return "two co_awaits in one statement"
    if token in ("&&", "||", "?") and outermost:
        return "co_await beside && || ?: : one co_await per statement"
    if token == "[" and not (previous.isidentifier() or previous in ("]", ")", ">", '"')):
        if tokens.at(probe + 1) not in ("]", "["):
            return "capturing lambda in a co_await statement: name it first, or pass state as parameters"
    if token == "{" and not tokens.is_block(probe) and tokens.match.get(probe, 0) != probe + 1:
        return "braces in a co_await statement: build a named value first"
    return None
