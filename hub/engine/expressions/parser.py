"""From words to a tree: one function for each line of the grammar (chapter 12)."""

from __future__ import annotations

from collections.abc import Callable

from hub.engine.expressions.arguments import read_arguments
from hub.engine.expressions.errors import ExpressionError
from hub.engine.expressions.lexer import Token
from hub.engine.expressions.signatures import (
    FILTERS,
    FUNCTIONS,
    STEP_TESTS,
    TESTS,
    filter_meant,
    test_meant,
    unknown_filter,
    unknown_function,
    unknown_test,
)
from hub.engine.expressions.syntax import (
    And,
    Arithmetic,
    Call,
    Compare,
    Conditional,
    Constant,
    Expression,
    FieldStep,
    FilterStep,
    IndexStep,
    Join,
    ListDisplay,
    Name,
    Negate,
    Node,
    Not,
    ObjectDisplay,
    OmitWord,
    Or,
    Path,
    Pipeline,
    TestStep,
    constant_path,
)
from hub.engine.expressions.tokens import KEYWORDS, TokenReader
from hub.engine.findings import only_candidate

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_CONSTANTS = {"true": True, "false": False, "null": None}
_OTHER_CONSTANTS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "none": "null",
    "nil": "null",
    "Null": "null",
    "NULL": "null",
    "undefined": "null",
}
_STEP_PATH = 2  # `steps` and an id


def parse_expression(text: str) -> Expression:
    """Read the text of an expression. Raises ExpressionError with offsets inside the text."""
    reader = TokenReader(text)
    if reader.at_end():
        raise ExpressionError("HUB301", "the expression is empty", start=0, end=len(text))
    root = _expression(reader)
    if not reader.at_end():
        raise reader.unexpected("the expression is complete before it")
    return Expression(text, root)


def _expression(reader: TokenReader) -> Node:
    """Read `or_expr [ "if" or_expr "else" expression ]`."""
    reader.enter()
    node = _or(reader)
    if reader.at_word("if"):
        reader.take()
        condition = _or(reader)
        if not reader.at_word("else"):
            raise reader.unexpected("`else` is needed after `a if condition`")
        reader.take()
        otherwise = _expression(reader)
        node = Conditional(condition, node, otherwise, start=node.start, end=otherwise.end)
    reader.leave()
    return node


def _or(reader: TokenReader) -> Node:
    terms = _chain_of_words(reader, "or", _and)
    if len(terms) == 1:
        return terms[0]
    return Or(terms, start=terms[0].start, end=terms[-1].end)


def _and(reader: TokenReader) -> Node:
    terms = _chain_of_words(reader, "and", _not)
    if len(terms) == 1:
        return terms[0]
    return And(terms, start=terms[0].start, end=terms[-1].end)


def _chain_of_words(
    reader: TokenReader, word: str, read_term: Callable[[TokenReader], Node]
) -> tuple[Node, ...]:
    terms = [read_term(reader)]
    while reader.at_word(word):
        reader.take()
        terms.append(read_term(reader))
    return tuple(terms)


def _not(reader: TokenReader) -> Node:
    if not reader.at_word("not"):
        return _comparison(reader)
    word = reader.take()
    reader.enter()
    operand = _not(reader)
    reader.leave()
    return Not(operand, start=word.start, end=operand.end)


def _comparison(reader: TokenReader) -> Node:
    left = _sum(reader)
    operator = _comparison_sign(reader)
    if operator is None:
        return left
    right = _sum(reader)
    again = reader.current
    if _comparison_sign(reader) is not None:
        raise reader.refusal("one comparison at a time: write `a < b and b < c`", again)
    return Compare(operator, left, right, start=left.start, end=right.end)


def _comparison_sign(reader: TokenReader) -> str | None:
    if reader.at_operator(*_COMPARISONS):
        return reader.take().text
    if reader.at_word("in"):
        return reader.take().text
    if reader.at_word("not") and reader.following.text == "in":
        reader.take()
        reader.take()
        return "not in"
    return None


def _sum(reader: TokenReader) -> Node:
    return _arithmetic(reader, ("+", "-"), _joined)


def _joined(reader: TokenReader) -> Node:
    first = _product(reader)
    if not reader.at_operator("~"):
        return first
    parts = [first]
    while reader.at_operator("~"):
        reader.take()
        parts.append(_product(reader))
    return Join(tuple(parts), start=first.start, end=parts[-1].end)


def _product(reader: TokenReader) -> Node:
    return _arithmetic(reader, ("*", "/", "//", "%"), _unary)


def _arithmetic(
    reader: TokenReader, signs: tuple[str, ...], read_operand: Callable[[TokenReader], Node]
) -> Node:
    first = read_operand(reader)
    if not reader.at_operator(*signs):
        return first
    rest = []
    while reader.at_operator(*signs):
        sign = reader.take().text
        rest.append((sign, read_operand(reader)))
    return Arithmetic(first, tuple(rest), start=first.start, end=rest[-1][1].end)


def _unary(reader: TokenReader) -> Node:
    """Read `negated { "|" filter | "is" ["not"] test }`."""
    operand = _negated(reader)
    steps: list[FilterStep | TestStep] = []
    while True:
        if reader.at_operator("|"):
            steps.append(_filter(reader))
        elif reader.at_word("is"):
            steps.append(_test(reader, None if steps else operand))
        else:
            break
    if not steps:
        return operand
    return Pipeline(operand, tuple(steps), start=operand.start, end=steps[-1].end)


def _filter(reader: TokenReader) -> FilterStep:
    reader.take()
    word = reader.current
    if word.kind != "name" or word.text in KEYWORDS:
        raise reader.unexpected("the name of a filter is needed after `|`")
    reader.take()
    signature = FILTERS.get(word.text)
    if signature is None:
        fix = filter_meant(word.text)
        raise reader.refusal(unknown_filter(word.text), word, code="HUB204", fix=fix)
    arguments = read_arguments(reader, signature, word, read_value=_expression)
    return FilterStep(word.text, arguments, start=word.start, end=reader.last_end)


def _test(reader: TokenReader, asked: Node | None) -> TestStep:
    start = reader.take().start
    is_negated = reader.at_word("not")
    if is_negated:
        reader.take()
    word = reader.current
    if word.kind != "name":
        raise reader.unexpected("a test is needed after `is`: set, empty, ok, failed, skipped")
    reader.take()
    if word.text not in TESTS:
        message = unknown_test(word.text, is_negated=is_negated)
        fix = test_meant(word.text, is_negated=is_negated)
        raise reader.refusal(message, word, code="HUB207", fix=fix, fix_start=start)
    if word.text in STEP_TESTS and not _is_step(asked):
        message = f"`is {word.text}` asks about a step: write `steps.<id> is {word.text}`"
        raise reader.refusal(message, word, code="HUB206")
    return TestStep(word.text, is_negated, start=start, end=word.end)


def _is_step(node: Node | None) -> bool:
    path = constant_path(node) if node is not None else None
    return path is not None and len(path) == _STEP_PATH and path[0] == "steps"


def _negated(reader: TokenReader) -> Node:
    if not reader.at_operator("-"):
        return _postfix(reader)
    sign = reader.take()
    reader.enter()
    operand = _negated(reader)
    reader.leave()
    return Negate(operand, start=sign.start, end=operand.end)


def _postfix(reader: TokenReader) -> Node:
    root = _primary(reader)
    steps: list[FieldStep | IndexStep] = []
    while reader.at_operator(".", "["):
        steps.append(_field(reader) if reader.at_operator(".") else _index(reader))
    if not steps:
        return root
    return Path(root, tuple(steps), start=root.start, end=steps[-1].end)


def _field(reader: TokenReader) -> FieldStep:
    reader.take()
    word = reader.current
    if word.kind != "name":
        raise reader.unexpected("the name of a field is needed after `.`; for others write ['…']")
    reader.take()
    if reader.at_operator("("):
        remedy = f"write `| {word.text}`" if word.text in FILTERS else "use a filter: `| …`"
        raise reader.refusal(f"values have no methods: {remedy}", word)
    return FieldStep(word.text, start=word.start, end=word.end)


def _index(reader: TokenReader) -> IndexStep:
    bracket = reader.take()
    key = _expression(reader)
    closing = reader.take_operator("]", after="to close `[`")
    return IndexStep(key, start=bracket.start, end=closing.end)


def _primary(reader: TokenReader) -> Node:
    token = reader.current
    if token.kind in {"number", "text"}:
        reader.take()
        return Constant(token.value, start=token.start, end=token.end)
    if token.kind == "name":
        return _word(reader)
    if reader.at_operator("("):
        return _parentheses(reader)
    if reader.at_operator("["):
        return _list(reader)
    if reader.at_operator("{"):
        return _object(reader)
    raise reader.unexpected("a value is needed")


def _word(reader: TokenReader) -> Node:
    token = reader.current
    if token.text in _CONSTANTS:
        reader.take()
        return Constant(_CONSTANTS[token.text], start=token.start, end=token.end)
    if token.text in _OTHER_CONSTANTS:
        raise reader.refusal(f"`{token.text}`: write `{_OTHER_CONSTANTS[token.text]}`", token)
    if token.text == "omit":
        reader.take()
        return OmitWord(start=token.start, end=token.end)
    if token.text in KEYWORDS:
        raise reader.unexpected("a value is needed")
    reader.take()
    if reader.at_operator("("):
        return _call(reader, token)
    return Name(token.text, start=token.start, end=token.end)


def _call(reader: TokenReader, word: Token) -> Call:
    signature = FUNCTIONS.get(word.text)
    if signature is None:
        fix = only_candidate(word.text, FUNCTIONS)
        raise reader.refusal(unknown_function(word.text), word, code="HUB205", fix=fix)
    arguments = read_arguments(reader, signature, word, read_value=_expression)
    return Call(word.text, arguments, start=word.start, end=reader.last_end)


def _parentheses(reader: TokenReader) -> Node:
    reader.take()
    node = _expression(reader)
    reader.take_operator(")", after="to close `(`")
    return node


def _list(reader: TokenReader) -> ListDisplay:
    start = reader.take().start
    items: list[Node] = []
    while not reader.at_operator("]"):
        items.append(_expression(reader))
        if not reader.at_operator("]"):
            reader.take_operator(",", after="between the items of a list, or `]` at its end")
    end = reader.take().end
    return ListDisplay(tuple(items), start=start, end=end)


def _object(reader: TokenReader) -> ObjectDisplay:
    start = reader.take().start
    entries: dict[str, Node] = {}
    while not reader.at_operator("}"):
        key = reader.current
        name = key.value if key.kind == "text" else key.text
        if key.kind not in {"text", "name"}:
            raise reader.unexpected("the key of an object is needed, as in {'key': value}")
        if name in entries:
            raise reader.refusal("the key is there twice", key)
        reader.take()
        reader.take_operator(":", after="after the key of an object")
        entries[name] = _expression(reader)
        if not reader.at_operator("}"):
            reader.take_operator(",", after="between the keys of an object, or `}` at its end")
    end = reader.take().end
    return ObjectDisplay(tuple(entries.items()), start=start, end=end)
