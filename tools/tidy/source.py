"""C++ text as the rules want it: without comments and strings, as tokens with lines, as blocks."""
import re
from bisect import bisect_right
from functools import lru_cache

_SKIP = re.compile(
    r"""(?P<line>//(?:\\\n|[^\n])*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.S | re.X,
)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|&&|\|\||==|!=|<=|>=|[-+*/%&|^]=|\S")


@lru_cache(maxsize=None)  # every rule asks for the same files
def strip(text):
    """Comments become spaces, strings become "", characters become 0; lines stay where they are."""

    def blank(match):
        lines = "\n" * match.group(0).count("\n")
        if match.lastgroup in ("line", "block"):
            return lines or " "
        return ("0" if match.group("char") else '""') + lines

    return _SKIP.sub(blank, text)


def comments(text):
    """[(line, text)] of every comment."""
    found = []
    for match in _SKIP.finditer(text):
        if match.group("line") or match.group("block"):
            found.append((text.count("\n", 0, match.start()) + 1, match.group(0)))
    return found


def drop_directives(stripped):
    """Blanks preprocessor lines with their continuations."""
    out, inside = [], False
    for line in stripped.split("\n"):
        directive = inside or line.lstrip().startswith("#")
        out.append("" if directive else line)
        inside = directive and line.rstrip().endswith("\\")
    return "\n".join(out)


class Tokens:
    """Tokens of a file with lines, matching brackets and the question whether a { opens a block of statements."""

    def __init__(self, text):
        code = drop_directives(strip(text))
        starts = [0] + [m.end() for m in re.finditer("\n", code)]
        self.text, self.line = [], []
        for match in _TOKEN.finditer(code):
            self.text.append(match.group(0))
            self.line.append(bisect_right(starts, match.start()))
        self.match, self.parent = self._pair()
        self._blocks = {}

    def __len__(self):
        return len(self.text)

    def at(self, index):
        return self.text[index] if 0 <= index < len(self.text) else ""

    def _pair(self):
        """Each bracket's partner, and for every token the bracket it stands in (-1: none)."""
        pairs, stack, parents = {}, [], []
        closes = {")": "(", "]": "[", "}": "{"}
        for index, token in enumerate(self.text):
            parents.append(stack[-1] if stack else -1)
            if token in "([{":
                stack.append(index)
            elif token in closes and stack and self.text[stack[-1]] == closes[token]:
                opener = stack.pop()
                pairs[opener], pairs[index] = index, opener
        return pairs, parents

    def is_block(self, opener):
        """A { with a semicolon or a further block directly inside holds statements; {1, 2} and {} do not."""
        if opener not in self._blocks:
            self._blocks[opener] = self._holds_statements(opener)
        return self._blocks[opener]

    def _holds_statements(self, opener):
        end = self.match.get(opener, len(self))
        index = opener + 1
        while index < end:
            token = self.text[index]
            if token == ";":
                return True
            if token == "{" and self.at(index - 1) in (")", "else", "do", "try") and self.is_block(index):
                return True
            index = self.match.get(index, index) + 1 if token in "([{" else index + 1
        return False


def functions(tokens):
    """[(name, first line, last line)] of function bodies, outermost only. Approximate: no C++ parser here."""
    found, start, index = [], 0, 0
    while index < len(tokens):
        token = tokens.at(index)
        if token in (";", "}"):
            start = index + 1
        elif token in ("(", "["):
            index = tokens.match.get(index, index)
        elif token == "{":
            end = tokens.match.get(index, len(tokens) - 1)
            name = _function_name(tokens, start, index)
            if name and tokens.is_block(index):
                found.append((name, tokens.line[index], tokens.line[end]))
                index, start = end, end + 1
            elif _is_scope(tokens, start, index):
                start = index + 1
            else:  # an initialiser: what follows may still belong to the same head
                index = end
        index += 1
    return found


def _is_scope(tokens, start, opener):
    head = tokens.text[start:opener]
    return any(word in head for word in ("namespace", "class", "struct", "union", "extern"))


def _function_name(tokens, start, opener):
    """The word before the first top-level ( of a head, or '' if the head is not a function's."""
    head = tokens.text[start:opener]
    if "namespace" in head or "enum" in head or (head and head[-1] == "="):
        return ""
    for index in range(start, opener):
        if tokens.at(index) == "(" and _depth_zero(tokens, start, index):
            name = tokens.at(index - 1)
            if name.isidentifier() and name not in ("alignas", "requires", "decltype", "noexcept"):
                arguments = "".join(tokens.text[index + 1 : tokens.match.get(index, index)])
                return f"{name}({arguments})" if name.startswith("TEST") else name
    return ""


def _depth_zero(tokens, start, index):
    probe = start
    while probe < index:
        if tokens.at(probe) in ("(", "[") and tokens.match.get(probe, probe) > index:
            return False
        probe += 1
    return True
